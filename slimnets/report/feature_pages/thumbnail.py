"""A small picture of an image, inside the page."""

import base64

from slimnets.report.evaluation_page.markup import Markup, tag


def show(jpeg: bytes | None, said: str) -> Markup:
    """Returns a picture, and who does not see it has `said`."""
    if jpeg is None:
        return tag("p", {"class": "missing"}, "cannot be read")
    return tag("img", {"src": encode(jpeg), "alt": said})


def encode(jpeg: bytes) -> str:
    """Returns a picture as an address."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
