"""What differs between two checkpoints."""

import dataclasses
from typing import NamedTuple

import numpy as np

from slimnets import checkpoints
from slimnets.datasets.writer import format_table
from slimnets.maintenance.inspection import choose

_MOST_LISTED = 20


class Change(NamedTuple):
    """A variable whose values differ.

    Attributes:
      name: its name.
      largest: the largest difference of two values; infinite where one of the two is
        no finite number.
      relative: that, divided by the largest magnitude in the first checkpoint.
    """

    name: str
    largest: float
    relative: float


@dataclasses.dataclass(frozen=True)
class Difference:
    """Two checkpoints compared.

    Attributes:
      paths: of the two.
      only: names that only the first has, and only the second.
      misshapen: a line for each variable that has another shape or type.
      changes: the variables of other values, the largest relative difference first.
      equal: how many variables are the same, bit by bit or NaN by NaN.
    """

    paths: tuple[str, str]
    only: tuple[tuple[str, ...], tuple[str, ...]]
    misshapen: tuple[str, ...]
    changes: tuple[Change, ...]
    equal: int

    @property
    def is_none(self) -> bool:
        """Whether the two hold the same."""
        return not (any(self.only) or self.misshapen or self.changes)

    def __str__(self) -> str:
        lines = [f"{self.equal} variables are the same, {len(self.changes)} differ"]
        for path, only in zip(self.paths, self.only, strict=True):
            lines += _list_names(f"only in {path}", only)
        lines += _list_names("of another shape or type", self.misshapen)
        if self.changes:
            rows = [["variable", "largest difference", "relative"]]
            rows += [
                [c.name, f"{c.largest:.3g}", f"{c.relative:.3g}"] for c in self.changes
            ]
            lines.append(format_table(rows))
        return "\n".join(lines)


def compare(one: str, other: str, wanted: str = "*") -> Difference:
    """Compares two checkpoints, in float64.

    Args:
      one: a checkpoint, or a folder whose latest one is taken.
      other: another one.
      wanted: a shell wildcard of the names to compare.

    Raises:
      InputError: one is missing or damaged, or nothing has such a name.
    """
    paths = checkpoints.require(one), checkpoints.require(other)
    readers = [checkpoints.Reader(path) for path in paths]
    both = {name for reader in readers for name in reader.shapes}
    names = choose(both, wanted, f"neither {paths[0]} nor {paths[1]}")
    lacking = [tuple(n for n in names if n not in r.shapes) for r in readers]
    only = lacking[1], lacking[0]
    shared = [name for name in names if all(name in r.shapes for r in readers)]
    misshapen, changes = [], []
    for name in shared:
        old, new = (np.asarray(r.read({name: name})[name]) for r in readers)
        if (old.shape, old.dtype) != (new.shape, new.dtype):
            misshapen.append(
                f"{name}: {old.dtype} {list(old.shape)} and {new.dtype}"
                f" {list(new.shape)}"
            )
        elif change := _measure(name, old, new):
            changes.append(change)
    changes.sort(key=lambda change: (-change.relative, change.name))
    equal = len(shared) - len(misshapen) - len(changes)
    return Difference(paths, only, tuple(misshapen), tuple(changes), equal)


def _measure(name: str, old: np.ndarray, new: np.ndarray) -> Change | None:
    """Returns how two arrays of one shape and type differ; None where they do not."""
    if old.dtype == object or old.dtype.kind in "SU":
        same = np.array_equal(old, new)
        return None if same else Change(name, np.inf, np.inf)
    wide = np.complex128 if old.dtype.kind == "c" else np.float64
    if np.array_equal(old, new):
        return None
    old, new = old.astype(wide), new.astype(wide)
    differing = ~((old == new) | (np.isnan(old) & np.isnan(new)))
    if not differing.any():
        return None
    with np.errstate(invalid="ignore"):
        gaps = np.abs(old - new)[differing]
    largest = float(np.max(np.where(np.isnan(gaps), np.inf, gaps)))
    scale = np.abs(old[np.isfinite(old)]).max(initial=0.0)
    return Change(name, largest, largest / scale if scale else np.inf)


def _list_names(title: str, names: tuple[str, ...]) -> list[str]:
    if not names:
        return []
    more = len(names) - _MOST_LISTED
    lines = [f"{title}: {len(names)}", *(f"  {name}" for name in names[:_MOST_LISTED])]
    return [*lines, *([f"  and {more} more"] if more > 0 else [])]
