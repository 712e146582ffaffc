"""Figures as a table and as a file."""

import csv
from typing import NamedTuple

from benchmarks import results


class Row(NamedTuple):
    name: str
    per_second: float | None


ROWS = [Row("lenet", 1234.5), Row("vgg_16", 0.012345), Row("big", None)]


def test_the_table_has_three_digits_and_aligned_columns():
    assert results.markdown(ROWS).splitlines() == [
        "| name   | per second |",
        "| ------ | ---------- |",
        "| lenet  | 1234       |",
        "| vgg_16 | 0.0123     |",
        "| big    |            |",
    ]


def test_nothing_measured():
    assert results.markdown([]) == "nothing was measured"


def test_the_file_says_what_it_was_measured_with(tmp_path, capsys):
    results.report(ROWS, "speed", str(tmp_path))
    [path] = tmp_path.iterdir()
    assert path.name.startswith("speed_") and "tensorflow" in path.name
    assert f"written to {path}" in capsys.readouterr().out
    with path.open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["name", "per_second", "software", "date"]
    assert [row[:2] for row in rows] == [
        ["lenet", "1234.5"],
        ["vgg_16", "0.012345"],
        ["big", ""],
    ]
    assert all("tensorflow=" in row[2] for row in rows)
