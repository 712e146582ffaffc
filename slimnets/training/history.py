"""The evaluations of a run: metrics.jsonl and metrics.csv, and what they decide.

What follows from evaluations (which is the best, when to stop, how far a plateau has
lowered the learning rate) follows from these lines alone. A run that was killed reads
them, and goes on as if it never was.
"""

import csv
import dataclasses
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slimnets import errors
from slimnets.checkpoints import atomic_files

JSON_LINES = "metrics.jsonl"
TABLE = "metrics.csv"

_LESS_IS_BETTER = frozenset({"loss"})  # of all other metrics more is


@dataclasses.dataclass(frozen=True)
class Line:
    """One evaluation inside training.

    Attributes:
      step: steps done.
      epoch: passes over the training images done.
      split: that was evaluated on.
      num_examples: that were scored.
      metrics: of that evaluation by name, such as top1 and loss.
      train_loss: mean of the steps since the evaluation before, or since the process
        began; regularization included. None where it took none.
      learning_rate: of the last of them.
      moving_averages: whether the weights' moving averages were evaluated.
      seconds: spent scoring.
    """

    step: int
    epoch: float
    split: str
    num_examples: int
    metrics: Mapping[str, float]
    train_loss: float | None
    learning_rate: float | None
    moving_averages: bool
    seconds: float

    def __str__(self) -> str:
        shares = [
            f"{name} {value:.4f}" if name in _LESS_IS_BETTER else f"{name} {value:.2%}"
            for name, value in self.metrics.items()
        ]
        return f"step {self.step}, {self.split} {', '.join(shares)}"


class History:
    """The lines of a run, on the disk."""

    def __init__(self, train_dir: str | Path, metric: str, last_step: int):
        """Reads what an earlier process left of the run.

        Args:
          train_dir: an existing folder.
          metric: by which one evaluation is better than another, such as top1.
          last_step: from which the run goes on; later lines are of steps that are lost.

        Raises:
          InputError: metrics.jsonl is there but cannot be understood.
        """
        self._folder, self._metric = Path(train_dir), metric
        lines = _read(self._folder / JSON_LINES)
        self.lines = [line for line in lines if line.step <= last_step]
        if any(metric not in line.metrics for line in self.lines):
            raise errors.InputError(
                f"{self._folder / JSON_LINES} has no {metric} of every evaluation;"
                " give the --best_metric of before"
            )

    def add(self, line: Line, is_written: bool) -> None:
        """Adds an evaluation; on the disk, where this process is the one that writes.

        Raises:
          OSError: it cannot be written; the files are as before.
        """
        self.lines.append(line)
        if is_written:
            self._write()

    @property
    def path(self) -> Path:
        """Of metrics.jsonl."""
        return self._folder / JSON_LINES

    def knows(self, step: int) -> bool:
        """Returns whether a step was evaluated."""
        return any(line.step == step for line in self.lines)

    @property
    def best(self) -> Line | None:
        """The best evaluation, the first of several; None where there is none."""
        best = None
        for line in self.lines:
            if best is None or self._is_better(line, best):
                best = line
        return best

    def is_best(self, line: Line) -> bool:
        """Returns whether a new line is better than all before."""
        return self.best is None or self._is_better(line, self.best)

    def count_since_best(self) -> int:
        """Returns how many evaluations have come after the best."""
        best = self.best
        return 0 if best is None else sum(line.step > best.step for line in self.lines)

    def compute_plateau_factor(self, patience: int, factor: float) -> float:
        """Returns by what the plateau schedule multiplies the learning rate by now.

        Args:
          patience: evaluations in a row without a better one, each time.
          factor: of one time, in (0, 1).
        """
        best, waited, times = None, 0, 0
        for line in self.lines:
            if best is None or self._is_better(line, best):
                best, waited = line, 0
                continue
            waited += 1
            if waited == patience:
                waited, times = 0, times + 1
        return factor**times

    def _is_better(self, line: Line, best: Line) -> bool:
        new, old = line.metrics[self._metric], best.metrics[self._metric]
        if not math.isfinite(new):
            return False
        if not math.isfinite(old):
            return True
        return new < old if self._metric in _LESS_IS_BETTER else new > old

    def _write(self) -> None:
        rows = [_flatten(line) for line in self.lines]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        atomic_files.write_text(self._folder / JSON_LINES, text)
        table = io.StringIO()
        writer = csv.DictWriter(table, rows[-1].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        atomic_files.write_text(self._folder / TABLE, table.getvalue())


_BEFORE = ("step", "epoch", "split", "num_examples")  # the metrics' columns
_AFTER = ("train_loss", "learning_rate", "moving_averages", "seconds")


def _flatten(line: Line) -> dict[str, Any]:
    """Returns a line's columns; None, which JSON has, for what is not finite."""
    columns = {name: getattr(line, name) for name in _BEFORE}
    columns |= line.metrics
    columns |= {name: getattr(line, name) for name in _AFTER}
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in columns.items()
    }


def _read(path: Path) -> list[Line]:
    """Returns the lines of a file, none where it is not there."""
    if not path.exists():
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [_parse(json.loads(line)) for line in lines]
    except (ValueError, TypeError, LookupError, OSError, RecursionError) as error:
        raise errors.InputError(
            f"{path} cannot be read ({error}); it has the run's evaluations: remove it"
            " to go on without those of before"
        ) from error


def _parse(row: Any) -> Line:
    if not isinstance(row, dict) or not isinstance(row.get("step"), int):
        raise TypeError("a line has no step")
    columns = dict(row)
    known = {name: columns.pop(name) for name in (*_BEFORE, *_AFTER)}
    metrics = {name: _to_float(value) for name, value in columns.items()}
    return Line(metrics=metrics, **known)


def _to_float(value: Any) -> float:
    return math.nan if value is None else float(value)
