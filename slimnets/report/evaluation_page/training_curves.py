"""How the evaluations inside training went."""

import math

from slimnets.report.evaluation_page import charts
from slimnets.report.evaluation_page.findings import Findings
from slimnets.report.evaluation_page.markup import Markup, section, tag

_TOP_K = 5

# Of the lines' numbers, those that are no shares in [0, 1].
_NO_SHARES = frozenset(
    {"step", "epoch", "num_examples", "seconds", "loss", "train_loss", "learning_rate"}
)
_NAMES = {
    "train_loss": "training",
    "loss": "held-out split",
    "learning_rate": "learning rate",
}


def show_training(findings: Findings) -> Markup:
    """Returns the learning curves; nothing where no evaluations are known."""
    if not findings.history:
        return Markup()
    columns = dict.fromkeys(name for line in findings.history for name in line)
    shares = [name for name in columns if name not in _NO_SHARES]
    if len(findings.class_names) <= _TOP_K:
        shares = [name for name in shares if name != "top5"]  # it is always 1
    drawn = [
        _draw(findings, "Loss", "loss", ["train_loss", "loss"]),
        _draw(findings, "Held-out split", "share", shares),
        _draw(findings, "Learning rate", "learning rate", ["learning_rate"]),
    ]
    return section("training", "Training", tag("div", {"class": "charts"}, *drawn))


def _draw(findings: Findings, name: str, y_name: str, columns: list[str]) -> Markup:
    curves = {}
    for column in columns:
        points = [
            (float(line["step"]), float(line[column]))
            for line in findings.history
            if _is_number(line.get(column))
        ]
        if points:
            curves[_NAMES.get(column, column)] = points
    return charts.draw_lines(name, "step", y_name, curves) if curves else Markup()


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)
