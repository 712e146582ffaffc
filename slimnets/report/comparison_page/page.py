"""The page that compares runs: its parts in their order."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from slimnets.report import evaluation_page
from slimnets.report.evaluation_page import charts, frame
from slimnets.report.evaluation_page.class_table import list_classes
from slimnets.report.evaluation_page.markup import Markup, join, section, table, tag
from slimnets.report.evaluation_page.photos import show_image

_SECTIONS = {
    "result": "Result",
    "classes": "Classes",
    "training": "Training",
    "settings": "Settings that differ",
    "disagreements": "Disagreements",
}
_CURVES = {
    "loss": "Loss, held-out split",
    "top1": "top-1",
    "train_loss": "Loss, training",
}
_STYLED = 3  # curves that every page has colours for
_MOST_COLOURS = 24
_COLOURS = "".join(
    f".chart .series{k} {{ stroke: hsl({67 * k % 360} 60% 50%); }}"
    f" .chart .dot.series{k} {{ fill: hsl({67 * k % 360} 60% 50%); }}"
    f" .legend .series{k}::before {{ border-color: hsl({67 * k % 360} 60% 50%); }}\n"
    for k in range(_STYLED, _MOST_COLOURS)
)
_STYLE = f"""{_COLOURS}
.photos .said {{ display: block; padding: 0.1rem 0.25rem; }}
.photos .said.right::before {{ content: "✓ "; color: var(--third); }}
.photos .said.wrong::before {{ content: "✗ "; color: var(--wrong); }}
"""


class Said(NamedTuple):
    """What a run says of an image."""

    run: str
    class_name: str
    probability: float
    is_right: bool


class Disagreement(NamedTuple):
    """An image on which runs disagree; `jpeg` is None where it cannot be read."""

    file: str
    label: str
    said: Sequence[Said]
    jpeg: bytes | None


@dataclass(frozen=True)
class Comparison:
    """All that the page shows.

    Attributes:
      title: of the page.
      rows: of the headline table, its header first.
      faults: a line for each run that could not be evaluated.
      class_names: of the classes.
      count: integer [classes], the number of images.
      recalls: float [classes] by run, NaN without an image.
      histories: the evaluations inside training, by run.
      settings: those that differ, by name, in the order of `recalls`' runs.
      runs: names of those runs.
      disagreements: images, most divided first.
    """

    title: str
    rows: Sequence[Sequence[str]]
    faults: Sequence[str]
    class_names: Sequence[str]
    count: np.ndarray
    recalls: Mapping[str, np.ndarray]
    histories: Mapping[str, Sequence[Mapping[str, Any]]]
    settings: Mapping[str, Sequence[str]]
    runs: Sequence[str]
    disagreements: Sequence[Disagreement]


def render(comparison: Comparison) -> str:
    """Returns the page, which needs no other file."""
    parts = join(
        _show_result(comparison),
        # Apart from the runs: one of these may be called images.
        list_classes(
            comparison.class_names,
            [*comparison.recalls.items(), ("images", comparison.count)],
        ),
        _show_training(comparison),
        _show_settings(comparison),
        _show_disagreements(comparison),
    )
    script = frame.read(evaluation_page.__name__, "page.js")
    return frame.make_page(comparison.title, parts, _SECTIONS, script, _STYLE)


def _show_result(comparison: Comparison) -> Markup:
    said = (
        "The best run first. Shares of images with their 95 % intervals (Wilson, 1927);"
        " the difference to the best on the same images with its 95 % interval (Agresti"
        " and Min, 2005), and the p-value of McNemar's exact test (1947) that both are"
        " as good. The best of many runs is the best in part by chance."
    )
    header, *rows = comparison.rows
    faults = [tag("li", {}, line) for line in comparison.faults]
    return section(
        "result",
        "Result",
        tag("p", {}, said),
        table("Runs", header, rows),
        tag("ul", {}, *faults) if faults else "",
    )


def _show_training(comparison: Comparison) -> Markup:
    drawn = []
    for column, name in _CURVES.items():
        curves = {
            run: points
            for run, lines in comparison.histories.items()
            if (points := _list_points(lines, column))
        }
        if curves:
            drawn.append(charts.draw_lines(name, "step", column, curves))
    if not drawn:
        return Markup()
    return section("training", "Training", tag("div", {"class": "charts"}, *drawn))


def _list_points(
    lines: Sequence[Mapping[str, Any]], column: str
) -> list[tuple[float, float]]:
    return [
        (float(line["step"]), float(line[column]))
        for line in lines
        if isinstance(line.get(column), int | float) and math.isfinite(line[column])
    ]


def _show_settings(comparison: Comparison) -> Markup:
    if not comparison.settings:
        return Markup()
    rows = [[name, *values] for name, values in comparison.settings.items()]
    heading = _SECTIONS["settings"]
    listed = table("Settings of training", ["setting", *comparison.runs], rows)
    return section("settings", heading, listed)


def _show_disagreements(comparison: Comparison) -> Markup:
    if not comparison.disagreements:
        return Markup()
    items = [tag("li", {}, _show_one(one)) for one in comparison.disagreements]
    said = "Images that some runs have right and others wrong, the most divided first."
    listed = tag("ol", {"class": "photos"}, *items)
    return section("disagreements", "Disagreements", tag("p", {}, said), listed)


def _show_one(one: Disagreement) -> Markup:
    lines = [
        tag(
            "span",
            {"class": f"said {'right' if said.is_right else 'wrong'}"},
            f"{said.run}: {said.class_name} {said.probability:.0%}",
        )
        for said in one.said
    ]
    caption = tag(
        "figcaption",
        {},
        tag("strong", {}, f"label: {one.label}"),
        *lines,
        tag("span", {"class": "file"}, one.file),
    )
    return tag(
        "figure",
        {},
        show_image(one.jpeg, f"{one.file or 'image'}: {one.label}"),
        caption,
    )
