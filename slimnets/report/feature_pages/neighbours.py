"""The page of nearest neighbours."""

from slimnets.report.evaluation_page import frame
from slimnets.report.evaluation_page.markup import Markup, join, section, table, tag
from slimnets.report.feature_pages import thumbnail
from slimnets.report.feature_pages.findings import NO_CLASS, Neighbours, Query, Shown

_SECTIONS = {
    "result": "Result",
    "neighbours": "Neighbours",
    "classes": "Classes",
    "facts": "Facts",
}
_SAME = "neighbours of the same class"


def render(found: Neighbours) -> str:
    """Returns the page, which needs no other file.

    Class and file names are shown as they are, whatever is in them.
    """
    facts = table("Facts", ["name", "value"], [*map(list, found.facts.items())])
    parts = join(
        _show_headline(found),
        _show_queries(found),
        _show_classes(found),
        section("facts", "Facts", facts),
    )
    style = frame.read(__package__, "pages.css")
    return frame.make_page(found.title, parts, _SECTIONS, "", style)


def _show_headline(found: Neighbours) -> Markup:
    numbers = {"images": f"{found.images:,}"}
    if found.same_class is not None:
        numbers["classes"] = f"{len(found.by_class):,}"
        numbers[_SAME] = f"{found.same_class:.1%}"
    entries = [
        tag("div", {}, tag("dt", {}, name), tag("dd", {}, number))
        for name, number in numbers.items()
    ]
    return section("result", "Result", tag("dl", {"class": "headline"}, *entries))


def _show_queries(found: Neighbours) -> Markup:
    rows = [tag("li", {"class": "query"}, _show_query(each)) for each in found.queries]
    return section(
        "neighbours",
        "Neighbours",
        tag("p", {}, found.said),
        tag("ol", {"class": "queries"}, *rows),
    )


def _show_query(query: Query) -> Markup:
    nearest = [
        tag("li", {}, _show_neighbour(query.image, image, cosine))
        for image, cosine in query.nearest
    ]
    name = _name(query.image)
    own = tag(
        "figure",
        {"class": "own"},
        thumbnail.show(query.image.jpeg, name),
        _caption(query.image),
    )
    label = f"nearest to {name}"
    return join(own, tag("ol", {"class": "photos", "aria-label": label}, *nearest))


def _show_neighbour(query: Shown, image: Shown, cosine: float) -> Markup:
    is_other = NO_CLASS != query.class_name != image.class_name
    said = f"{_name(image)}, cosine {cosine:.3f}"
    note = tag("strong", {"class": "other"}, "other class") if is_other else ""
    return tag(
        "figure",
        {"class": "is-other" if is_other else None},
        thumbnail.show(image.jpeg, said),
        _caption(image, tag("span", {"class": "cosine"}, f"{cosine:.3f}"), note),
    )


def _caption(image: Shown, *more: str) -> Markup:
    return tag(
        "figcaption",
        {},
        tag("span", {"class": "class"}, image.class_name),
        *more,
        tag("span", {"class": "file"}, image.file),
    )


def _name(image: Shown) -> str:
    name = image.file or "image"
    return f"{name}: {image.class_name}" if image.class_name != NO_CLASS else name


def _show_classes(found: Neighbours) -> Markup:
    if not found.by_class:
        return Markup()
    rows = [
        [name, f"{images:,}", f"{share:.1%}"]
        for name, (images, share) in found.by_class.items()
    ]
    caption = f"{_SAME.capitalize()}, of {found.nearest} each; the fewest first"
    listed = table(caption, ["class", "images", "same class"], rows)
    return section("classes", "Classes", listed)
