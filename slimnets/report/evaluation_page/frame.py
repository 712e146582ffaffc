"""What is around the parts of any page: head, style, headings, links, program."""

from collections.abc import Mapping
from importlib import resources

from slimnets.report.evaluation_page.markup import Markup, tag


def make_page(
    title: str, parts: Markup, sections: Mapping[str, str], script: str, style: str = ""
) -> str:
    """Returns a page that needs no other file.

    Args:
      title: of the page; shown as it is, whatever is in it.
      parts: sections, in their order.
      sections: headings by the names of sections, for the links; those that the page
        has not are left out.
      script: its program.
      style: of this page, behind what all have.
    """
    body = tag(
        "body",
        {},
        tag("a", {"href": "#main", "class": "skip"}, "To the result"),
        tag("header", {}, tag("h1", {}, title), _link_sections(parts, sections)),
        tag("main", {"id": "main"}, parts),
        tag("script", {}, Markup(script)) if script else "",
    )
    style = read(__package__, "page.css") + style
    head = _make_head(title, style)
    return "<!DOCTYPE html>\n" + tag("html", {"lang": "en"}, head, body)


def read(package: str, file: str) -> str:
    """Returns a file that lies beside a package's modules."""
    return resources.files(package).joinpath(file).read_text(encoding="utf-8")


def _make_head(title: str, style: str) -> Markup:
    width = "width=device-width, initial-scale=1"
    return tag(
        "head",
        {},
        tag("meta", {"charset": "utf-8"}),
        tag("meta", {"name": "viewport", "content": width}),
        tag("meta", {"name": "color-scheme", "content": "light dark"}),
        tag("title", {}, title),
        tag("style", {}, Markup(style)),
    )


def _link_sections(parts: Markup, sections: Mapping[str, str]) -> Markup:
    """Returns links to those parts that the page has."""
    links = [
        tag("li", {}, tag("a", {"href": f"#{name}"}, heading))
        for name, heading in sections.items()
        if f'<h2 id="{name}">' in parts
    ]
    return tag("nav", {"aria-label": "Parts of the page"}, tag("ul", {}, *links))
