"""The classes, one a line; each column can be sorted by."""

from collections.abc import Sequence

import numpy as np

from slimnets.report.evaluation_page.findings import Findings
from slimnets.report.evaluation_page.markup import Markup, scroll, section, tag

_CAPTION = "Every class; the buttons in the header sort"


def show_classes(findings: Findings) -> Markup:
    """Returns the part of the page that lists the classes."""
    return list_classes(findings.class_names, [*findings.class_columns.items()])


def list_classes(
    names: Sequence[str], columns: Sequence[tuple[str, np.ndarray]]
) -> Markup:
    """Returns a part of a page that lists classes, with columns to sort by.

    Args:
      names: of the classes.
      columns: what stands above each, and its values, as of `Findings.class_columns`.
    """
    head = [_make_button(name) for name in ("class", *(head for head, _ in columns))]
    rows = [
        _make_row(k, name, [values for _, values in columns])
        for k, name in enumerate(names)
    ]
    whole = tag(
        "table",
        {"class": "sortable"},
        tag("caption", {}, _CAPTION),
        tag("thead", {}, tag("tr", {}, *head)),
        tag("tbody", {}, *rows),
    )
    return section("classes", "Classes", scroll(_CAPTION, whole))


def _make_button(name: str) -> Markup:
    button = tag("button", {"type": "button"}, name)
    return tag("th", {"scope": "col", "aria-sort": "none"}, button)


def _make_row(k: int, name: str, columns: Sequence[np.ndarray]) -> Markup:
    cells = [_make_cell(column[k]) for column in columns]
    return tag("tr", {}, tag("th", {"scope": "row"}, name), *cells)


def _make_cell(value: np.generic) -> Markup:
    """Returns a number: a count as it is, a share with a bar of its length."""
    if isinstance(value, np.integer):
        return tag("td", {"data-value": int(value)}, str(value))
    if np.isnan(value):
        return tag("td", {"data-value": -1}, "–")
    shade = {"data-value": f"{value:.6f}", "class": "share"}
    return tag("td", {**shade, "style": f"--share:{value:.3f}"}, f"{value:.1%}")
