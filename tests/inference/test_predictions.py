"""What is written of each file."""

import csv
import io
import json

import numpy as np
import pytest

from slimnets.config import choices
from slimnets.inference import predictions
from slimnets.inference.classifier import Classified

FOUND = (
    Classified("a.jpg", np.array([0.25, 0.75], np.float32)),
    Classified("b\n.jpg", None, "b: not an image"),
)


class Namer:
    """Names two classes as a classifier does."""

    class_names = ("cat", 'a "dog", large')

    def name_top(self, probabilities, k):
        order = np.argsort(-probabilities)[:k]
        return {self.class_names[i]: float(probabilities[i]) for i in order}


def write(format_name: str, top: int = 5) -> str:
    """Returns what is written of the files."""
    stream = io.StringIO()
    writer = predictions.make_writer(format_name, stream, Namer(), top)
    for one in FOUND:
        writer(one)
    return stream.getvalue()


def test_every_format_has_its_writer():
    assert tuple(predictions.FORMATS) == choices.CLASSIFICATION_FORMATS


def test_a_table():
    assert write("table") == 'a.jpg: a "dog", large 75.0%, cat 25.0%\n'
    assert write("table", 1) == 'a.jpg: a "dog", large 75.0%\n'


def test_json_lines():
    good, broken = map(json.loads, write("jsonl").splitlines())
    assert good == {
        "file": "a.jpg",
        "classes": [
            {"name": 'a "dog", large', "probability": 0.75},
            {"name": "cat", "probability": 0.25},
        ],
    }
    assert broken == {"file": "b\\n.jpg", "error": "b: not an image"}


@pytest.mark.parametrize("top", [1, 2, 9])
def test_csv(top):
    header, good, broken = csv.reader(io.StringIO(write("csv", top)))
    columns = ["class", "probability", "class_2", "probability_2"][: 2 * top]
    assert header == ["file", *columns, "error"]
    values = ['a "dog", large', "0.75", "cat", "0.25"][: 2 * top]
    assert good == ["a.jpg", *values, ""]
    assert broken == ["b\\n.jpg", *[""] * len(columns), "b: not an image"]
