"""The page: its parts in their order."""

from slimnets.report.evaluation_page import frame
from slimnets.report.evaluation_page.class_table import show_classes
from slimnets.report.evaluation_page.findings import Findings
from slimnets.report.evaluation_page.headline import show_headline
from slimnets.report.evaluation_page.markup import Markup, join, section, table, tag
from slimnets.report.evaluation_page.matrix import show_confusions
from slimnets.report.evaluation_page.photos import show_photos
from slimnets.report.evaluation_page.sureness import show_calibration, show_curves
from slimnets.report.evaluation_page.training_curves import show_training

_OPEN = 12  # facts; a table of more is folded
_SECTIONS = {
    "result": "Result",
    "confusions": "Confusions",
    "classes": "Classes",
    "mistakes": "Worst mistakes",
    "least-sure": "Least sure hits",
    "calibration": "Calibration",
    "curves": "Precision and recall",
    "training": "Training",
    "facts": "Facts",
}


def render(findings: Findings) -> str:
    """Returns the page, which needs no other file: HTML with style, program, pictures.

    Class and file names are shown as they are, whatever is in them.
    """
    parts = join(
        show_headline(findings),
        show_confusions(findings),
        show_classes(findings),
        show_photos(findings),
        show_calibration(findings),
        show_curves(findings),
        show_training(findings),
        _show_facts(findings),
    )
    script = frame.read(__package__, "page.js")
    return frame.make_page(findings.title, parts, _SECTIONS, script)


def _show_facts(findings: Findings) -> Markup:
    shown = []
    for heading, facts in findings.tables.items():
        listed = table(heading, ["name", "value"], [*map(list, facts.items())])
        if len(facts) > _OPEN:
            summary = tag("summary", {}, f"{heading}: {len(facts)}")
            listed = tag("details", {}, summary, listed)
        shown.append(listed)
    return section("facts", "Facts", *shown)
