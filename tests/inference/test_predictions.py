"""What is written of each file."""

import csv
import io
import json

import numpy as np
import pytest

from slimnets.config import choices
from slimnets.inference import predictions

NAMES = ("cat", 'a "dog", large')
ROWS = (
    predictions.Row(
        "a.jpg", predictions.list_top(np.array([0.25, 0.75], np.float32), NAMES, 2)
    ),
    predictions.Row("b\n.jpg", (), "b: not an image"),
)


def write(format_name: str, top: int = 2, rows=ROWS, facts=()) -> str:
    """Returns what is written of the files."""
    stream = io.StringIO()
    writer = predictions.make_writer(format_name, stream, top, facts)
    for row in rows:
        writer(row._replace(classes=row.classes[:top]))
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


@pytest.mark.parametrize("top", [1, 2])
def test_csv(top):
    header, good, broken = csv.reader(io.StringIO(write("csv", top)))
    columns = ["class", "probability", "class_2", "probability_2"][: 2 * top]
    assert header == ["file", *columns, "error"]
    values = ['a "dog", large', "0.75", "cat", "0.25"][: 2 * top]
    assert good == ["a.jpg", *values, ""]
    assert broken == ["b\\n.jpg", *[""] * len(columns), "b: not an image"]


def test_classes_of_one_name_are_both_written():
    top = predictions.list_top(np.array([0.25, 0.75]), ("crane", "crane"), 5)
    assert top == [("crane", 0.75), ("crane", 0.25)]


def test_facts_are_columns():
    known = {"label": ["cat", "dog"], "correct": True}
    rows = (predictions.Row("a.jpg", [("cat", 0.5)], facts=known),)
    table = write("csv", 1, rows, ("label", "correct"))
    assert table.splitlines() == [
        "file,label,correct,class,probability,error",
        "a.jpg,cat|dog,true,cat,0.5,",
    ]
    assert json.loads(write("jsonl", 1, rows, known)) == {
        "file": "a.jpg",
        "label": ["cat", "dog"],
        "correct": True,
        "classes": [{"name": "cat", "probability": 0.5}],
    }
