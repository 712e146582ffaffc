"""Which classes are taken for which: the matrix, and its most confused pairs."""

import base64
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from slimnets.report.evaluation_page.findings import Findings
from slimnets.report.evaluation_page.markup import Markup, join, scroll, section, tag
from slimnets.report.evaluation_page.markup import table as make_table
from slimnets.report.evaluation_page.measures import Confusion, list_confusions

_MOST_CLASSES = 20  # of a matrix that is shown whole, with its numbers
_MOST_BESIDE = 6  # classes of a matrix that leaves room beside it
_MOST_CONFUSED = 12  # classes of the part that is shown of a larger one
_MOST_PAIRS = 10
_MOST_CELLS = 400  # along a side of the picture; of more classes blocks are joined
_RIGHT, _WRONG = (20, 110, 200), (215, 50, 40)  # colours of the picture


def show_confusions(findings: Findings) -> Markup:
    """Returns the part of the page on confusions; nothing where there is no matrix."""
    matrix, names = findings.confusion_matrix, findings.class_names
    if matrix is None:
        return Markup()
    pairs = list_confusions(matrix, _MOST_PAIRS)
    listed = _show_pairs(pairs, names)
    if len(names) <= _MOST_CLASSES:
        whole = _show_part(matrix, names, range(len(names)), "Confusion matrix")
        fits = len(names) <= _MOST_BESIDE
        shown = _set_side_by_side(whole, listed) if fits else join(whole, listed)
    else:
        most_confused = _show_most_confused(matrix, names, pairs)
        picture = _show_overview(matrix)
        shown = join(_set_side_by_side(picture, listed), most_confused)
    return section("confusions", "Confusions", shown)


def _set_side_by_side(*parts: Markup) -> Markup:
    """Returns parts beside each other, on a narrow screen below each other."""
    return tag("div", {"class": "side"}, *parts)


def _show_part(
    matrix: np.ndarray, names: Sequence[str], chosen: Sequence[int], caption: str
) -> Markup:
    """Returns a table of some classes, each cell shaded by its share of the row."""
    corner = tag("td", {}, "truth ↓ prediction →")
    columns = [tag("th", {"scope": "col"}, tag("span", {}, names[k])) for k in chosen]
    rows = [_show_row(matrix, names, truth, chosen) for truth in chosen]
    whole = tag(
        "table",
        {"class": "matrix"},
        tag("caption", {}, f"{caption} (images)"),
        tag("thead", {}, tag("tr", {}, corner, *columns)),
        tag("tbody", {}, *rows),
    )
    return scroll(caption, whole)


def _show_row(
    matrix: np.ndarray, names: Sequence[str], truth: int, chosen: Sequence[int]
) -> Markup:
    total = max(int(matrix[truth].sum()), 1)
    cells = []
    for prediction in chosen:
        count = int(matrix[truth, prediction])
        share = count / total
        kind = "right" if prediction == truth else "wrong"
        shade = {"class": kind, "style": f"--share:{share:.3f}"}
        cells.append(tag("td", shade, str(count)) if count else tag("td", {}))
    return tag("tr", {}, tag("th", {"scope": "row"}, names[truth]), *cells)


def _show_most_confused(
    matrix: np.ndarray, names: Sequence[str], pairs: Sequence[Confusion]
) -> Markup:
    """Returns the matrix of the classes of the most confused pairs alone."""
    chosen = list(dict.fromkeys(k for pair in pairs for k in pair[:2]))
    if not chosen:
        return Markup()
    part = sorted(chosen[:_MOST_CONFUSED])
    return _show_part(matrix, names, part, "The most confused classes")


def _show_overview(matrix: np.ndarray) -> Markup:
    """Returns the whole matrix as a picture."""
    picture, block = _paint(matrix)
    png = base64.b64encode(tf.io.encode_png(picture).numpy()).decode()
    count = len(matrix)
    said = f"Confusion matrix of all {count} classes, rows the truth, columns the"
    said += " prediction; blue is right, red is wrong"
    if block > 1:
        said += (
            f"; a point has {block} x {block} classes, of which it shows the highest"
        )
    image = tag(
        "img",
        {
            "src": f"data:image/png;base64,{png}",
            "alt": f"{said}. The pairs below say the most in words.",
            "class": "overview",
        },
    )
    return tag("figure", {}, image, tag("figcaption", {}, f"{said}."))


def _paint(matrix: np.ndarray) -> tuple[np.ndarray, int]:
    """Returns uint8 [side, side, 4], and how many classes a pixel has along a side."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    right = np.diag(np.diag(shares))
    block = -(-len(matrix) // _MOST_CELLS)
    right, wrong = _join_blocks(right, block), _join_blocks(shares - right, block)
    is_right = (right >= wrong)[..., None]
    colour = np.where(is_right, _RIGHT, _WRONG)
    # The root shows rare confusions, too.
    opacity = 255 * np.sqrt(np.maximum(right, wrong))[..., None]
    return np.concatenate([colour, opacity], axis=-1).astype(np.uint8), block


def _join_blocks(values: np.ndarray, block: int) -> np.ndarray:
    """Returns the highest of each block of values."""
    rest = -len(values) % block
    padded = np.pad(values, ((0, rest), (0, rest)))
    side = len(padded) // block
    return padded.reshape(side, block, side, block).max(axis=(1, 3))


def _show_pairs(pairs: Sequence[Confusion], names: Sequence[str]) -> Markup:
    if not pairs:
        return tag("p", {}, "No image was taken for one of another class.")
    rows = [
        [names[one.truth], names[one.prediction], str(one.images), f"{one.share:.1%}"]
        for one in pairs
    ]
    header = ["class", "taken for", "images", "of the class"]
    return make_table("Most confused pairs", header, rows)
