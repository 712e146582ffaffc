"""The page with all images as points in a plane."""

import collections
from collections.abc import Mapping, Sequence

import numpy as np

from slimnets.report.evaluation_page import frame
from slimnets.report.evaluation_page.markup import Markup, join, section, table, tag
from slimnets.report.feature_pages import thumbnail
from slimnets.report.feature_pages.findings import NO_CLASS, Picture, Shown

_SECTIONS = {"plane": "Images", "facts": "Facts"}
_WIDTH, _HEIGHT, _MARGIN = 1000, 640, 14  # pixels
_COLOURS = 8  # in pages.css
# What a mark looks like, around 0, 0. With the colours they make 24 pairs.
_SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    "M-4.5-4.5h9v9h-9z",
    "M0-6L5.5 4.5h-11z",
    "M0-6.5L6 0L0 6.5L-6 0z",
    "M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
    "M0 6L5.5-4.5h-11z",
)
_MOST_MARKS = 24
_OTHERS, _UNKNOWN = "other classes", "no class"


def render(found: Picture) -> str:
    """Returns the page, which needs no other file.

    Class and file names are shown as they are, whatever is in them.
    """
    marks = _choose_marks([image.class_name for image in found.images])
    facts = table("Facts", ["name", "value"], [*map(list, found.facts.items())])
    parts = join(
        section(
            "plane",
            "Images",
            tag("p", {}, found.said),
            tag("p", {}, _HELP),
            _show_legend(found.images, marks),
            _draw(found, marks),
            tag("figure", {"class": "peek", "hidden": "hidden", "role": "status"}),
        ),
        section("facts", "Facts", facts),
    )
    script = frame.read(__package__, "picture.js")
    style = frame.read(__package__, "pages.css")
    return frame.make_page(found.title, parts, _SECTIONS, script, style)


_HELP = (
    "A point shows its image under the pointer, and by keyboard: Tab leads into the"
    " picture, the arrow keys from point to point, Escape hides the image. The buttons"
    " hide and show classes."
)


def _choose_marks(names: Sequence[str]) -> Mapping[str, int]:
    """Returns the number of each class's mark; the largest classes have their own."""
    counts = collections.Counter(name for name in names if name != NO_CLASS)
    largest = [name for name, _ in counts.most_common(_MOST_MARKS)]
    return {name: k for k, name in enumerate(sorted(largest))}


def _get_group(name: str, marks: Mapping[str, int]) -> str:
    if name == NO_CLASS:
        return _UNKNOWN
    return name if name in marks else _OTHERS


def _draw_mark(number: int | None) -> Markup:
    if number is None:
        return tag("path", {"d": _SHAPES[0], "class": "mark rest"})
    shape = _SHAPES[number % len(_SHAPES)]
    return tag("path", {"d": shape, "class": f"mark c{number % _COLOURS}"})


def _show_legend(images: Sequence[Shown], marks: Mapping[str, int]) -> Markup:
    counts = collections.Counter(_get_group(i.class_name, marks) for i in images)
    ordered = [*marks, *(name for name in (_OTHERS, _UNKNOWN) if counts[name])]
    entries = []
    for place, name in enumerate(ordered):
        box = {"viewBox": "-8 -8 16 16", "aria-hidden": "true", "class": "swatch"}
        swatch = tag("svg", box, _draw_mark(marks.get(name)))
        text = f"{name} ({counts[name]:,})"
        button = {"type": "button", "aria-pressed": "true", "data-group": place}
        entries.append(tag("li", {}, tag("button", button, swatch, text)))
    return tag("ul", {"class": "groups", "aria-label": "Classes"}, *entries)


def _draw(found: Picture, marks: Mapping[str, int]) -> Markup:
    places = _scale(found.places)
    order = [*marks, _OTHERS, _UNKNOWN]
    present = {_get_group(image.class_name, marks) for image in found.images}
    numbers = {name: k for k, name in enumerate(n for n in order if n in present)}
    points: list[Markup] = []
    for (x, y), image in zip(places, found.images, strict=True):
        group = _get_group(image.class_name, marks)
        attributes = {
            "class": "point",
            "transform": f"translate({x:.1f} {y:.1f})",
            "role": "img",
            "aria-label": f"{image.file or 'image'}: {image.class_name or _UNKNOWN}",
            "tabindex": "-1" if points else "0",
            "data-group": numbers[group],
            "data-x": f"{x:.1f}",
            "data-y": f"{y:.1f}",
            "data-picture": image.jpeg and thumbnail.encode(image.jpeg),
        }
        points.append(tag("g", attributes, _draw_mark(marks.get(image.class_name))))
    name = f"{len(points):,} images of {len(numbers)} groups in a plane"
    box = f"0 0 {_WIDTH} {_HEIGHT}"
    area = {"viewBox": box, "role": "group", "aria-label": name, "class": "plane"}
    return tag("svg", area, *points)


def _scale(places: np.ndarray) -> np.ndarray:
    """Returns places in pixels: the same scale in both directions, centred."""
    low, high = places.min(axis=0), places.max(axis=0)
    room = np.array([_WIDTH, _HEIGHT]) - 2 * _MARGIN
    scale = (room / np.maximum(high - low, 1e-12)).min()
    flipped = (places - (low + high) / 2) * [scale, -scale]
    return flipped + np.array([_WIDTH, _HEIGHT]) / 2
