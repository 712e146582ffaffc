"""The results of fine-tuning: rows, a table of accuracy over minutes, and a plot."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from slimnets import errors

_COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red")


class Row(NamedTuple):
    """One evaluation of one run.

    Attributes:
      contender: who trained.
      setting: its rates and what it freezes.
      seed: of the run.
      step: steps done.
      images_per_s: measured by turns, with nobody else on the machine.
      minutes: that `step` steps take at that speed.
      top1: share of the held-out photos that were classified right.
    """

    contender: str
    setting: str
    seed: int
    step: int
    images_per_s: float
    minutes: float
    top1: float


class Line(NamedTuple):
    """One contender in the table: mean and deviation are over its seeds, in percent."""

    contender: str
    images_per_s: str
    steps: int
    minutes: str
    top1: str
    mean: str
    deviation: str


def summarize(rows: Sequence[Row]) -> list[Line]:
    """Returns a line for each evaluation of each contender, in the rows' order."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.contender, row.step), []).append(row)
    return [_summarize(group) for group in groups.values()]


def _summarize(group: Sequence[Row]) -> Line:
    percents = [100 * row.top1 for row in sorted(group, key=lambda row: row.seed)]
    deviation = f"{statistics.stdev(percents):.1f}" if len(percents) > 1 else ""
    return Line(
        group[0].contender,
        f"{group[0].images_per_s:.0f}",
        group[0].step,
        f"{group[0].minutes:.2f}",
        ", ".join(f"{percent:.1f}" for percent in percents),
        f"{statistics.mean(percents):.1f}",
        deviation,
    )


def draw(rows: Sequence[Row], title: str, path: Path) -> None:
    """Writes a plot: accuracy over minutes, the mean of the seeds and each of them."""
    figure_module = errors.import_extra("matplotlib.figure", "benchmarks")
    figure = figure_module.Figure(figsize=(7, 4.2))
    axes = figure.subplots()
    names = list(dict.fromkeys(row.contender for row in rows))
    for name, colour in zip(names, _COLOURS, strict=False):
        own = [row for row in rows if row.contender == name]
        minutes, means = _curve(own)
        if len(minutes) == 1:
            axes.axhline(means[0], color=colour, linestyle="--", label=name)
            continue
        axes.plot(minutes, means, color=colour, label=name)
        axes.plot(
            [row.minutes for row in own],
            [100 * row.top1 for row in own],
            linestyle="",
            marker=".",
            color=colour,
        )
    axes.set_xlabel("minutes of training, with nothing else on the machine")
    axes.set_ylabel("top-1 on the held-out photos (%)")
    axes.set_title(title, fontsize=9)
    axes.grid(alpha=0.3)
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight")


def _curve(rows: Sequence[Row]) -> tuple[list[float], list[float]]:
    """Returns minutes, and the mean of the seeds there in percent."""
    by_minutes: dict[float, list[float]] = {}
    for row in rows:
        by_minutes.setdefault(row.minutes, []).append(100 * row.top1)
    return list(by_minutes), [statistics.mean(v) for v in by_minutes.values()]
