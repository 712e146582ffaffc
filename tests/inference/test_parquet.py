"""Predictions as Parquet, read again by pyarrow."""

import io

import pytest

from slimnets.inference import parquet
from slimnets.inference.predictions import Row
from tests import extras


@extras.needs("parquet")
@pytest.mark.parametrize("several", [False, True])
def test_what_is_written_is_read(several):
    from pyarrow import parquet as reader

    label = ["cat", "dog"] if several else "cat"
    facts = {"number": 0, "label": label, "correct": True}
    rows = [
        Row("a.jpg", [("cat", 0.75), ("dog", 0.25)], facts=facts),
        Row("", (), "broken", {"number": 1}),
    ]
    table = reader.read_table(io.BytesIO(parquet.pack(rows, several)))
    assert table.to_pylist() == [
        {
            "file": "a.jpg",
            **facts,
            "classes": ["cat", "dog"],
            "probabilities": [0.75, 0.25],
            "error": None,
        },
        {
            "file": "",
            "number": 1,
            "label": None,
            "correct": None,
            "classes": None,
            "probabilities": None,
            "error": "broken",
        },
    ]
