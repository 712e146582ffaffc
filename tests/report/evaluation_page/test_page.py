"""The page is sound HTML, says what it should, and runs nothing that names hold."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from slimnets.report.evaluation_page import matrix, page
from slimnets.report.evaluation_page.findings import Photo
from tests.report.evaluation_page.made import JPEG, NASTY, make_findings

VOID = {"img", "meta"}


class Reader(HTMLParser):
    """Notes elements and text, and that each end tag ends what was begun last."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.text, self._open = [], []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        assert len(dict(attributes)) == len(attributes)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.append((self._open[-1] if self._open else "", data))

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]

    def texts(self, tag: str) -> list[str]:
        return [data for name, data in self.text if name == tag]


@pytest.fixture(scope="module", params=[3, 30, 450])
def read(request):
    return Reader(page.render(make_findings(request.param)))


def test_what_others_refer_to_is_there(read):
    names = [each["id"] for _, each in read.elements if "id" in each]
    assert len(set(names)) == len(names)
    for _, attributes in read.elements:
        for name in (attributes.get("aria-labelledby") or "").split():
            assert name in names
        if attributes.get("href", "#")[1:]:
            assert attributes["href"][1:] in names


def test_those_who_see_nothing_have_words(read):
    assert [*read.all("html"), *read.all("main")][0]["lang"] == "en"
    assert len(read.all("main")) == len(read.all("h1")) == len(read.all("nav")) == 1
    assert all(each["alt"] for each in read.all("img"))
    assert all(each["aria-label"] for each in read.all("svg"))
    assert all(each["scope"] in ("row", "col") for each in read.all("th"))
    assert len(read.all("table")) == len(read.all("caption"))
    regions = [each["aria-label"] for each in read.all("div") if "role" in each]
    names = [*regions, *read.texts("h2")]  # headings name their sections
    assert len(set(names)) == len(names)


def test_nothing_is_loaded(read):
    for _, attributes in read.elements:
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:image/"))
    assert "url(" not in "".join(read.texts("style"))


def test_parts_of_few_and_of_many_classes():
    few = Reader(page.render(make_findings(3)))
    many = Reader(page.render(make_findings(30)))
    assert few.texts("h2") == [
        *("Result", "Confusions", "Classes", "Worst mistakes", "Least sure hits"),
        *("Calibration", "Precision and recall", "Training", "Facts"),
    ]
    assert many.texts("h2") == [
        *("Result", "Confusions", "Classes", "Worst mistakes", "Least sure hits"),
        *("Calibration", "Training", "Facts"),
    ]
    assert "top-5" in many.texts("dt") and "top-5" not in few.texts("dt")


def test_the_result_has_its_interval():
    findings = make_findings(4, per_class=5, totals={"top1": 0.0, "loss": 2.0})
    read = Reader(page.render(findings))
    assert read.texts("dd")[:4] == ["20", "0.00%", "95 %: 0.00% to 16.11%", "2.0000"]


def test_names_are_text_wherever_they_stand():
    photo = Photo(NASTY, NASTY, [(NASTY, 0.5)], JPEG)
    names = [NASTY, "a\x00b\udce4", "two"]
    findings = make_findings(
        3,
        title=NASTY,
        class_names=names,
        mistakes=[photo],
        least_sure=[photo._replace(jpeg=None)],
        tables={NASTY: {NASTY: NASTY}},
    )
    text = page.render(findings)
    text.encode()
    read, plain = Reader(text), Reader(page.render(make_findings(3)))
    assert len(read.all("script")) == len(plain.all("script")) == 1
    assert read.texts("script") == plain.texts("script")
    assert not any(name.startswith("on") for _, each in read.elements for name in each)
    assert any(NASTY in "".join(read.texts(each)) for each in ("th", "h1", "td"))
    assert any(NASTY in each["aria-label"] for each in read.all("svg"))
    assert NASTY in read.all("img")[-1]["alt"]


def test_several_labels():
    labels = np.array([[True, True, False], [False, False, True]])
    findings = make_findings(
        3,
        totals={"map": 0.5, "loss": 1.0},
        confusion_matrix=None,
        labels=labels,
        classes=np.array([[0, 1, 2], [2, 0, 1]]),
        probabilities=np.array([[0.9, 0.8, 0.1], [0.7, 0.2, 0.1]]),
        least_sure=[],
    )
    read = Reader(page.render(findings))
    assert "Confusions" not in read.texts("h2")
    assert "Least sure hits" not in read.texts("h2")
    titles = [each for each in read.texts("figcaption") if "average" in each]
    assert titles == [f"class {k}: average precision 100.0%" for k in range(3)]


def test_learning_curves_pass_over_what_is_no_number():
    values = (None, float("nan"), "x", True)
    history = [{"step": k, "loss": value} for k, value in enumerate(values)]
    text = page.render(make_findings(3, history=[*history, {"step": 9, "loss": 1.5}]))
    assert "held-out split from 1.5 at step 9 to 1.5 at 9" in text


def test_logits_that_are_not_finite_have_no_sureness():
    findings = make_findings(3, per_class=1)
    nothing = make_findings(
        3,
        per_class=1,
        classes=np.full_like(findings.classes, -1),
        probabilities=np.full_like(findings.probabilities, np.nan),
    )
    assert "Calibration" not in Reader(page.render(nothing)).texts("h2")


def test_the_picture_of_a_large_matrix():
    counts = np.zeros([900, 900], np.int64)
    counts[0, 0], counts[899, 1] = 4, 4
    picture, block = matrix._paint(counts)
    assert block == 3 and picture.shape == (300, 300, 4)
    assert picture[0, 0].tolist() == [*matrix._RIGHT, 255]
    assert picture[299, 0].tolist() == [*matrix._WRONG, 255]
    assert picture[5, 5, 3] == 0


def test_numbers_in_cells_are_what_is_sorted_by():
    recall = np.array([0.25, np.nan, 1.0])
    columns = {"recall": recall, "images": np.array([4, 0, 9])}
    text = page.render(make_findings(3, class_columns=columns))
    values = re.findall(r'<td data-value="([^"]+)"', text)
    assert list(map(float, values)) == [0.25, 4, -1, 0, 1.0, 9]
