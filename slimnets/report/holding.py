"""What a checkpoint holds, and how it fits a network."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from slimnets import checkpoints

_STEP = "global_step"
_MOST_LISTED = 4


class Holding(NamedTuple):
    """A checkpoint beside a network.

    Attributes:
      path: of the checkpoint.
      step: of the training that saved it; None where it holds none.
      size: of its files, in bytes.
      entries: how many arrays are in it.
      averages: how many of the network's variables it has moving averages of.
      slots: how many of its entries an optimizer kept beside the network's variables.
      classes: its number of logits; None where it holds features alone.
      matched: names of the network's variables that are in it, in the same shape.
      missing: names of those that are not in it.
      misshapen: (shape there, shape here) of those that have another shape, by name.
      left_over: names in it that the network has no use for.
    """

    path: str
    step: int | None
    size: int
    entries: int
    averages: int
    slots: int
    classes: int | None
    matched: tuple[str, ...]
    missing: tuple[str, ...]
    misshapen: dict[str, tuple[list[int], list[int]]]
    left_over: tuple[str, ...]

    def __str__(self) -> str:
        rows = (
            ("step", "unknown" if self.step is None else f"{self.step:,}"),
            ("classes", str(self.classes or "none: features alone")),
            ("holds", self._content()),
            ("matched", f"{len(self.matched)} of {self._wanted}"),
            ("missing", _listed(self.missing)),
            ("misshapen", _listed(map(self._shapes, self.misshapen))),
            ("left over", _listed(self.left_over)),
            ("flags", self.advice()),
        )
        lines = [f"{title:<9}  {text}" for title, text in rows]
        return "\n".join([f"checkpoint {self.path}", *lines])

    def advice(self) -> str:
        """Returns the flags of training and evaluation that make it fit, and why."""
        misfits = [*self.missing, *self.misshapen]
        if len(misfits) > len(self.matched):
            return "--model: the checkpoint is of another network, or of another width"
        if misfits:
            scopes = ",".join(dict.fromkeys(map(checkpoints.scope_of, misfits)))
            other = "" if self.misshapen else "; or --ignore_missing_vars"
            return f"--checkpoint_exclude_scopes={scopes} trains these anew{other}"
        if self.classes == 1001:
            return "--labels_offset=-1 for images without a background class 0"
        if self.classes == 1000:
            return "--labels_offset=1 for images with a background class 0"
        return "none needed"

    @property
    def _wanted(self) -> int:
        return len(self.matched) + len(self.missing) + len(self.misshapen)

    def _content(self) -> str:
        parts = [f"{self.entries} arrays, {self.size / 1e6:,.1f} MB"]
        if self.averages:
            parts.append(f"moving averages of {self.averages} variables")
        if self.slots:
            parts.append(f"{self.slots} that an optimizer kept")
        return "; ".join(parts)

    def _shapes(self, name: str) -> str:
        there, here = self.misshapen[name]
        return f"{name} {there} there, {here} here"


def hold(
    checkpoint: str, variables: Mapping[str, tf.Tensor], classes: int | None
) -> Holding:
    """Compares a checkpoint with a network.

    Args:
      checkpoint: its path.
      variables: the network's, by name; their shapes count.
      classes: of the checkpoint, None for none.

    Raises:
      InputError: the checkpoint is unreadable.
    """
    held = checkpoints.shapes(checkpoint)
    shapes = {name: variable.shape.as_list() for name, variable in variables.items()}
    found = [name for name in shapes if name in held]
    beside = [n for n in held if n not in shapes and n.rpartition("/")[0] in shapes]
    averages = [name for name in beside if name.endswith(checkpoints.AVERAGE_SUFFIX)]
    return Holding(
        path=checkpoint,
        step=_step(checkpoint) if _STEP in held else None,
        size=_size(checkpoint),
        entries=len(held),
        averages=len(averages),
        slots=len(beside) - len(averages),
        classes=classes,
        matched=tuple(name for name in found if held[name] == shapes[name]),
        missing=tuple(name for name in shapes if name not in held),
        misshapen={
            name: (held[name], shapes[name])
            for name in found
            if held[name] != shapes[name]
        },
        left_over=tuple(sorted(held.keys() - shapes.keys() - {*beside, _STEP})),
    )


def _step(checkpoint: str) -> int:
    return int(tf.train.load_variable(checkpoint, _STEP))


def _size(checkpoint: str) -> int:
    path = Path(checkpoint)
    parts = [path, *path.parent.glob(f"{path.name}.*")]  # V1: one file of that name
    return sum(
        part.stat().st_size
        for part in parts
        if part.is_file() and part.suffix != ".meta"
    )


def _listed(items: Iterable[str]) -> str:
    items = list(items)
    if not items:
        return "none"
    more = len(items) - _MOST_LISTED
    shown = items[:_MOST_LISTED] + ([f"and {more} more"] if more > 0 else [])
    return f"\n{'':<11}".join([str(len(items)), *shown])
