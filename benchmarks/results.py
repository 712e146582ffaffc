"""Figures of a run: a table to read, a CSV file to keep."""

import csv
import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import hardware


def report(rows: Sequence[NamedTuple], name: str, folder: str) -> None:
    """Prints the machine and the table, and writes the file.

    Args:
      rows: of one type; its fields are the columns.
      name: of the program, the beginning of the file's name.
      folder: to write to; '' writes nothing.
    """
    print(f"\n{hardware.processor()}\n{markdown(rows)}")
    if rows and folder:
        print(f"\nwritten to {_write(rows, name, Path(folder))}")


def markdown(rows: Sequence[NamedTuple]) -> str:
    """Returns a table with the rows' fields as its head; figures have three digits."""
    if not rows:
        return "nothing was measured"
    head = [field.replace("_", " ") for field in rows[0]._fields]
    lines = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    ruler = ["-" * width for width in widths]
    return "\n".join(
        "| "
        + " | ".join(c.ljust(width) for c, width in zip(line, widths, strict=True))
        + " |"
        for line in [head, ruler, *lines]
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)


def _write(rows: Sequence[NamedTuple], name: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}_{hardware.slug()}.csv"
    software = " ".join(f"{n}={v}" for n, v in hardware.software().items())
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*rows[0]._fields, "software", "date"])
        writer.writerows([*row, software, datetime.date.today()] for row in rows)
    return path
