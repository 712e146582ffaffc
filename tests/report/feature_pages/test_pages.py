"""The pages of features: sound HTML that runs nothing that names hold."""

import numpy as np
import pytest

from slimnets.report.feature_pages import neighbours, picture
from slimnets.report.feature_pages.findings import Neighbours, Picture, Query, Shown
from tests.report.evaluation_page.made import JPEG, NASTY
from tests.report.evaluation_page.test_page import Reader


def make_neighbours(**changes) -> Neighbours:
    """Returns two images with two neighbours each, all of them called nasty things."""
    image = Shown(NASTY, NASTY, JPEG)
    other = Shown("b.jpg", "b", None)
    values = {
        "title": NASTY,
        "images": 3,
        "nearest": 2,
        "same_class": 0.75,
        "by_class": {NASTY: (2, 0.5), "b": (1, 1.0)},
        "said": "All 2 images.",
        "queries": [
            Query(image, [(image, 0.9), (other, 0.25)]),
            Query(other, [(other, 0.5), (image, 0.25)]),
        ],
        "facts": {NASTY: NASTY},
    }
    return Neighbours(**(values | changes))


def make_picture(names: list[str], jpeg: bytes | None = JPEG) -> Picture:
    """Returns images of some classes on a line."""
    images = [Shown(f"{k}.jpg", name, jpeg) for k, name in enumerate(names)]
    places = np.stack([np.arange(len(names)), np.zeros(len(names))], axis=1)
    return Picture(NASTY, "said", places, images, {"a": NASTY})


@pytest.mark.parametrize(
    "text",
    [
        neighbours.render(make_neighbours()),
        picture.render(make_picture([NASTY, "b", "b", ""])),
    ],
    ids=["neighbours", "picture"],
)
def test_names_are_text_and_nothing_is_loaded(text):
    read = Reader(text)
    assert len(read.all("script")) == ("const plane" in text)
    assert not any(name.startswith("on") for _, each in read.elements for name in each)
    assert read.texts("h1") == read.texts("title") == [NASTY]
    assert all(each["alt"] for each in read.all("img"))
    assert all("aria-label" in e or "aria-hidden" in e for e in read.all("svg"))
    assert len(read.all("table")) == len(read.all("caption"))
    names = [each["id"] for _, each in read.elements if "id" in each]
    assert len(set(names)) == len(names)
    for _, attributes in read.elements:
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:image/"))


def test_neighbours_of_other_classes_are_told_by_words():
    read = Reader(neighbours.render(make_neighbours()))
    assert read.texts("strong") == ["other class"] * 2
    assert read.texts("dd") == ["3", "2", "75.0%"]
    assert "0.900" in read.texts("span")


def test_images_without_classes_are_not_compared_with_them():
    unknown = Shown("a.jpg", "", JPEG)
    query = Query(unknown, [(unknown, 1.0)])
    found = make_neighbours(same_class=None, by_class={}, queries=[query])
    read = Reader(neighbours.render(found))
    assert read.texts("h2") == ["Result", "Neighbours", "Facts"]
    assert not read.texts("strong")


def test_each_class_has_a_mark_of_its_own():
    names = [f"class {k}" for k in range(24)]
    read = Reader(picture.render(make_picture(names)))
    marks = [(each["d"], each["class"]) for each in read.all("path")]
    assert len(set(marks)) == 24 and len(marks) == 48  # of the legend, of the points
    assert set(marks[:24]) == set(marks[24:])
    assert read.texts("button") == [f"{name} (1)" for name in sorted(names)]


def test_of_many_classes_the_largest_have_marks():
    names = [f"class {k}" for k in range(30) for _ in range(1 + (k < 3))]
    read = Reader(picture.render(make_picture([*names, ""])))
    texts = read.texts("button")
    assert len(texts) == 26
    assert texts[-2:] == ["other classes (6)", "no class (1)"]
    groups = [each["data-group"] for each in read.all("g")]
    assert groups.count("24") == 6 and groups[-1] == "25"


def test_one_point_leads_into_the_picture():
    read = Reader(picture.render(make_picture(["a", "a", "b"], jpeg=None)))
    points = read.all("g")
    assert [each["tabindex"] for each in points] == ["0", "-1", "-1"]
    assert points[2]["aria-label"] == "2.jpg: b"
    assert not any("data-picture" in each for each in points)
    places = [float(each["data-x"]) for each in points]
    assert places == sorted(places) and places[0] > 0 and places[-1] < 1000
