"""The page: its parts in their order, its style and its program."""

from importlib import resources

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
    body = tag(
        "body",
        {},
        tag("a", {"href": "#main", "class": "skip"}, "To the result"),
        tag("header", {}, tag("h1", {}, findings.title), _link_sections(parts)),
        tag("main", {"id": "main"}, parts),
        tag("script", {}, Markup(_read("page.js"))),
    )
    return "<!DOCTYPE html>\n" + tag("html", {"lang": "en"}, _make_head(findings), body)


def _make_head(findings: Findings) -> Markup:
    width = "width=device-width, initial-scale=1"
    return tag(
        "head",
        {},
        tag("meta", {"charset": "utf-8"}),
        tag("meta", {"name": "viewport", "content": width}),
        tag("meta", {"name": "color-scheme", "content": "light dark"}),
        tag("title", {}, findings.title),
        tag("style", {}, Markup(_read("page.css"))),
    )


def _link_sections(parts: Markup) -> Markup:
    """Returns links to those parts that the page has."""
    links = [
        tag("li", {}, tag("a", {"href": f"#{name}"}, heading))
        for name, heading in _SECTIONS.items()
        if f'<h2 id="{name}">' in parts
    ]
    return tag("nav", {"aria-label": "Parts of the page"}, tag("ul", {}, *links))


def _show_facts(findings: Findings) -> Markup:
    shown = []
    for heading, facts in findings.tables.items():
        listed = table(heading, ["name", "value"], [*map(list, facts.items())])
        if len(facts) > _OPEN:
            summary = tag("summary", {}, f"{heading}: {len(facts)}")
            listed = tag("details", {}, summary, listed)
        shown.append(listed)
    return section("facts", "Facts", *shown)


def _read(file: str) -> str:
    return resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
