"""Photos that the network got wrong, or was not sure of."""

import base64
from collections.abc import Sequence

from slimnets.report.evaluation_page import TOP
from slimnets.report.evaluation_page.findings import Findings, Photo
from slimnets.report.evaluation_page.markup import Markup, join, section, tag


def show_photos(findings: Findings) -> Markup:
    """Returns the parts of the page with photos."""
    surest = (
        "The images whose labels were least probable."
        if findings.has_several_labels
        else "The wrong answers that the network was surest of."
    )
    return join(
        _show("mistakes", "Worst mistakes", surest, findings.mistakes),
        _show(
            "least-sure",
            "Least sure hits",
            "The right answers that the network was least sure of.",
            findings.least_sure,
        ),
    )


def _show(name: str, heading: str, text: str, photos: Sequence[Photo]) -> Markup:
    if not photos:
        return Markup()
    items = [tag("li", {}, _show_photo(photo)) for photo in photos]
    listed = tag("ol", {"class": "photos"}, *items)
    return section(name, heading, tag("p", {}, text), listed)


def _show_photo(photo: Photo) -> Markup:
    found, share = photo.classes[0]
    said = f"{photo.file or 'image'}: label {photo.label or 'none'}"
    said += f", most probable {found} at {share:.0%}"
    classes = [
        tag(
            "li",
            {"style": f"--share:{share:.3f}", "class": "share"},
            tag("span", {}, name),
            tag("span", {}, f" {share:.1%}"),
        )
        for name, share in photo.classes[:TOP]
    ]
    caption = tag(
        "figcaption",
        {},
        tag("strong", {}, f"label: {photo.label or 'none'}"),
        tag("ol", {}, *classes),
        tag("span", {"class": "file"}, photo.file),
    )
    return tag("figure", {}, show_image(photo.jpeg, said), caption)


def show_image(jpeg: bytes | None, said: str) -> Markup:
    """Returns a picture with its words; a line where it cannot be read."""
    if jpeg is None:
        return tag("p", {"class": "missing"}, "cannot be read")
    data = base64.b64encode(jpeg).decode()
    return tag("img", {"src": f"data:image/jpeg;base64,{data}", "alt": said})
