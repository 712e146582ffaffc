"""The numbers that come first."""

from slimnets.report.evaluation_page import measures
from slimnets.report.evaluation_page.findings import Findings
from slimnets.report.evaluation_page.markup import Markup, section, tag
from slimnets.report.evaluation_page.sureness import list_predictions

# By how the totals are called: what they are, and whether each image is right or not.
_SHARES = {
    "top1": ("top-1", True),
    "top5": ("top-5", True),
    "map": ("mean average precision", False),
    "f1_micro": ("F1, micro", False),
    "f1_macro": ("F1, macro", False),
}
_TOP_K = 5


def show_headline(findings: Findings) -> Markup:
    """Returns the totals, with the 95 % intervals of shares of images."""
    count = len(findings.labels)
    entries = [_show_number("images", f"{count:,}", "")]
    for name, value in findings.totals.items():
        if name == "top5" and len(findings.class_names) <= _TOP_K:
            continue  # of so few classes all are among the five
        if name in _SHARES:
            said, has_interval = _SHARES[name]
            interval = _describe_interval(value, count) if has_interval else ""
            entries.append(_show_number(said, f"{value:.2%}", interval))
        else:
            entries.append(_show_number(name, f"{value:.4f}", ""))
    probabilities, right = list_predictions(findings)
    if len(probabilities):
        error = measures.calibrate(probabilities, right).error
        entries.append(_show_number("calibration error", f"{error:.2%}", ""))
    return section("result", "Result", tag("dl", {"class": "headline"}, *entries))


def _describe_interval(share: float, count: int) -> str:
    low, high = measures.compute_wilson_interval(share, count)
    return f"95 %: {low:.2%} to {high:.2%}"


def _show_number(name: str, number: str, below: str) -> Markup:
    return tag(
        "div",
        {},
        tag("dt", {}, name),
        tag("dd", {}, number),
        tag("dd", {"class": "interval"}, below) if below else "",
    )
