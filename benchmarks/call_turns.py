"""Calls that take turns in one process, and the table of their times."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from slimnets import hardware

BASE = "litert float32"  # the runner that others are compared with

Call = Callable[[], object]


class Row(NamedTuple):
    """One line of the table.

    Attributes:
      network: its name.
      runner: runtime and kind of file.
      ms: of an image, the median of the turns.
      ratio: speed over that of the float file in LiteRT, the median of the turns.
      least: of the turns.
      most: of the turns.
      MB: of the file; None where there is none.
      threads: that each may use.
    """

    network: str
    runner: str
    ms: float
    ratio: float
    least: float
    most: float
    MB: float | None
    threads: int


def measure(calls: Mapping[str, Call], turns: int, each: int) -> dict[str, list[float]]:
    """Returns the milliseconds of a call in each turn, by name.

    Args:
      calls: by name; they take turns.
      turns: of each, one more than is counted.
      each: calls a turn.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(turns + 1):
        for name, call in calls.items():
            began = time.perf_counter()
            for _ in range(each):
                call()
            times[name].append(1e3 * (time.perf_counter() - began) / each)
    return {name: found[1:] for name, found in times.items()}


def summarize(
    network: str, times: Mapping[str, list[float]], sizes: Mapping[str, float]
) -> list[Row]:
    """Returns a line for each runner.

    Args:
      network: its name.
      times: as `measure` returns them.
      sizes: megabytes of files by runner.
    """
    rows = []
    for name, found in times.items():
        ratios = [base / own for base, own in zip(times[BASE], found, strict=True)]
        rows.append(
            Row(
                network,
                name,
                statistics.median(found),
                statistics.median(ratios),
                min(ratios),
                max(ratios),
                sizes.get(name),
                hardware.cores(),
            )
        )
    return rows
