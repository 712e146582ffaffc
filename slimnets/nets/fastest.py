"""How each network computes fastest, by processor: what was measured, in a table.

`python -m benchmarks.precision_table` measures it and writes the rows of the processor
that it runs on. What has no row was never measured, and is computed in float32.
"""

import csv
import functools
from pathlib import Path
from typing import NamedTuple

TRAIN, INFER = "train", "infer"
TABLE = Path(__file__).with_suffix(".csv")


class Key(NamedTuple):
    """What a row is about.

    Attributes:
      network: its name in the registry.
      work: TRAIN or INFER.
      runtime: what runs it, one of `config.choices.RUNTIMES`.
      instructions: as `hardware.instruction_set` names them.
    """

    network: str
    work: str
    runtime: str
    instructions: str


class Fastest(NamedTuple):
    """How a network was fastest.

    Attributes:
      precision: the number type that it computes in.
      ways: fields of `layers.computation.Computation` that it has on beside those
        that `choose_fastest` chooses.
      gain: its images per second over those of plain float32; None where it was not
        this network that was measured, but its kind: networks of large convolutions.
    """

    precision: str = "float32"
    ways: tuple[str, ...] = ()
    gain: float | None = None


PLAIN = Fastest()


def find(key: Key) -> Fastest | None:
    """Returns how a network is fastest; None where that was never measured."""
    return read_table().get(key)


@functools.cache
def read_table(path: Path = TABLE) -> dict[Key, Fastest]:
    """Returns all that was measured."""
    with path.open(newline="", encoding="utf-8") as file:
        return dict(_read_row(row) for row in csv.DictReader(file))


def write_table(table: dict[Key, Fastest], path: Path = TABLE) -> None:
    """Writes all that was measured, in the order of networks, work and processors."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*Key._fields, *Fastest._fields])
        for key, found in sorted(table.items()):
            gain = "" if found.gain is None else f"{found.gain:.2f}"
            writer.writerow([*key, found.precision, " ".join(found.ways), gain])


def _read_row(row: dict[str, str]) -> tuple[Key, Fastest]:
    key = Key(*(row[field] for field in Key._fields))
    gain = float(row["gain"]) if row["gain"] else None
    return key, Fastest(row["precision"], tuple(row["ways"].split()), gain)
