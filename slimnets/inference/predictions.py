"""What a network says of each file, as a table to read, JSON lines or CSV."""

import csv
import json
from collections.abc import Callable
from typing import TextIO

from slimnets import errors
from slimnets.inference.classifier import Classified, Classifier

Writer = Callable[[Classified], None]


def make_writer(
    format_name: str, stream: TextIO, classifier: Classifier, top: int
) -> Writer:
    """Returns what writes the line of a file; what comes first, such as a header, now.

    Args:
      format_name: one of `FORMATS`.
      stream: to write to.
      classifier: which names the classes.
      top: how many of the most probable classes a line has.
    """
    return FORMATS[format_name](stream, classifier, top)


def _write_table(stream: TextIO, classifier: Classifier, top: int) -> Writer:
    def write(one: Classified) -> None:
        if one.probabilities is None:
            return
        found = classifier.name_top(one.probabilities, top)
        shares = ", ".join(f"{name} {share:.1%}" for name, share in found.items())
        stream.write(f"{errors.printable(one.path)}: {shares}\n")

    return write


def _write_json_lines(stream: TextIO, classifier: Classifier, top: int) -> Writer:
    def write(one: Classified) -> None:
        row: dict[str, object] = {"file": errors.printable(one.path)}
        if one.probabilities is None:
            row["error"] = one.fault
        else:
            found = classifier.name_top(one.probabilities, top)
            row["classes"] = [
                {"name": name, "probability": share} for name, share in found.items()
            ]
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")

    return write


def _write_csv(stream: TextIO, classifier: Classifier, top: int) -> Writer:
    count = min(top, len(classifier.class_names))
    table = csv.writer(stream, lineterminator="\n")
    places = [
        ("class", "probability"),
        *((f"class_{k}", f"probability_{k}") for k in range(2, count + 1)),
    ]
    table.writerow(["file", *(name for pair in places for name in pair), "error"])

    def write(one: Classified) -> None:
        cells: list[object] = [""] * (2 * count)
        if one.probabilities is not None:
            found = classifier.name_top(one.probabilities, count)
            cells = [cell for pair in found.items() for cell in pair]
        table.writerow([errors.printable(one.path), *cells, one.fault])

    return write


FORMATS: dict[str, Callable[[TextIO, Classifier, int], Writer]] = {
    "table": _write_table,
    "jsonl": _write_json_lines,
    "csv": _write_csv,
}
