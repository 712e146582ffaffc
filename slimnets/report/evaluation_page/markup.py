"""Elements of HTML and SVG. Text is escaped unless an element was made of it here."""

import html
from collections.abc import Mapping, Sequence

from slimnets import errors

_VOID = frozenset({"img", "meta", "col"})  # elements that have no end tag

Attributes = Mapping[str, object]


class Markup(str):
    """Text that is HTML already; all other text is escaped."""


def escape(text: str) -> Markup:
    """Returns text as HTML shows it, in elements and attributes alike."""
    if isinstance(text, Markup):
        return text
    return Markup(html.escape(errors.printable(text)))


def tag(name: str, attributes: Attributes, *children: str) -> Markup:
    """Returns an element.

    Args:
      name: of the element.
      attributes: by name; one that is None is left out.
      children: elements, and text that is escaped.
    """
    words = "".join(
        f' {key}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{words}>")
    return Markup(f"<{name}{words}>{join(*children)}</{name}>")


def join(*parts: str) -> Markup:
    """Returns elements and text, one after the other."""
    return Markup("".join(map(escape, parts)))


def section(name: str, heading: str, *children: str) -> Markup:
    """Returns a part of the page that its heading names.

    Args:
      name: for links to it.
      heading: its text.
      children: what is below.
    """
    title = tag("h2", {"id": name}, heading)
    return tag("section", {"aria-labelledby": name}, title, *children)


def table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """Returns a table that scrolls sideways; the first cell names its row.

    Args:
      caption: what it shows.
      header: of the columns.
      rows: text, or elements, of the cells.
    """
    head = tag("tr", {}, *(tag("th", {"scope": "col"}, name) for name in header))
    body = [
        tag(
            "tr",
            {},
            tag("th", {"scope": "row"}, first),
            *(tag("td", {}, cell) for cell in rest),
        )
        for first, *rest in rows
    ]
    whole = tag(
        "table",
        {},
        tag("caption", {}, caption),
        tag("thead", {}, head),
        tag("tbody", {}, *body),
    )
    return scroll(caption, whole)


def scroll(name: str, content: Markup) -> Markup:
    """Returns what may be wider than the page, scrolled by keyboard as well."""
    return tag(
        "div",
        {"class": "scroll", "role": "region", "aria-label": name, "tabindex": "0"},
        content,
    )
