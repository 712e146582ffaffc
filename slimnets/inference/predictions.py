"""What a network says of each file, as a table to read, JSON lines or CSV."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TextIO

import numpy as np

from slimnets import errors


class Row(NamedTuple):
    """What is written of one file.

    Attributes:
      file: its name.
      classes: (name, probability), the most probable first.
      fault: why nothing can be said of it; '' where something can.
      facts: what else is known of it, by column.
    """

    file: str
    classes: Sequence[tuple[str, float]]
    fault: str = ""
    facts: Mapping[str, object] = {}


Writer = Callable[[Row], None]


def list_top(
    probabilities: np.ndarray, class_names: Sequence[str], k: int
) -> list[tuple[str, float]]:
    """Returns the k most probable classes with their probabilities, in order.

    Args:
      probabilities: [classes].
      class_names: of these; several may be the same.
      k: how many; of fewer classes all.
    """
    order = np.argsort(-probabilities, kind="stable")[:k]
    return [(class_names[i], float(probabilities[i])) for i in order]


def make_writer(
    format_name: str, stream: TextIO, count: int, facts: Iterable[str] = ()
) -> Writer:
    """Returns what writes the line of a file; what comes first, such as a header, now.

    Args:
      format_name: one of `FORMATS`.
      stream: to write to.
      count: the most classes that a row has.
      facts: the columns that rows have beside.
    """
    return FORMATS[format_name](stream, count, tuple(facts))


def _write_table(stream: TextIO, count: int, facts: Sequence[str]) -> Writer:
    def write(row: Row) -> None:
        if row.fault:
            return
        shares = ", ".join(f"{name} {share:.1%}" for name, share in row.classes)
        stream.write(f"{errors.printable(row.file)}: {shares}\n")

    return write


def _write_json_lines(stream: TextIO, count: int, facts: Sequence[str]) -> Writer:
    def write(row: Row) -> None:
        values: dict[str, object] = {"file": errors.printable(row.file), **row.facts}
        if row.fault:
            values["error"] = row.fault
        else:
            values["classes"] = [
                {"name": name, "probability": share} for name, share in row.classes
            ]
        stream.write(json.dumps(values, ensure_ascii=False) + "\n")

    return write


def _write_csv(stream: TextIO, count: int, facts: Sequence[str]) -> Writer:
    table = csv.writer(stream, lineterminator="\n")
    places = [
        ("class", "probability"),
        *((f"class_{k}", f"probability_{k}") for k in range(2, count + 1)),
    ]
    names = (name for pair in places for name in pair)
    table.writerow(["file", *facts, *names, "error"])

    def write(row: Row) -> None:
        cells = [cell for pair in row.classes for cell in pair]
        cells += [""] * (2 * count - len(cells))
        known = [_as_cell(row.facts.get(name, "")) for name in facts]
        table.writerow([errors.printable(row.file), *known, *cells, row.fault])

    return write


def _as_cell(value: object) -> object:
    """Returns a value as CSV has it: true and false, several names with | between."""
    if isinstance(value, bool):
        return str(value).lower()
    return "|".join(value) if isinstance(value, list) else value


FORMATS: dict[str, Callable[[TextIO, int, Sequence[str]], Writer]] = {
    "table": _write_table,
    "jsonl": _write_json_lines,
    "csv": _write_csv,
}
