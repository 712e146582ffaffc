"""What a checkpoint contains, and how it matches a network."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import tensorflow as tf

from slimnets import checkpoints

_MOST_LISTED = 4


class CheckpointMatch(NamedTuple):
    """A checkpoint compared with a network.

    Attributes:
      path: of the checkpoint.
      step: of the training that saved it; None where it has none.
      size: of its files, in bytes.
      entries: number of arrays in it.
      averages: number of the network's variables that have moving averages in it.
      slots: number of optimizer slots in it for the network's variables.
      classes: its number of logits; None where it has features alone.
      matched: names of the network's variables that are in it, in the same shape.
      missing: names of those that are not in it.
      misshapen: by name, (shape in the checkpoint, shape in the network) of those that
        have another shape.
      unused: names in it that the network does not have.
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
    unused: tuple[str, ...]

    def __str__(self) -> str:
        rows = (
            ("step", "unknown" if self.step is None else f"{self.step:,}"),
            ("classes", str(self.classes or "none: features alone")),
            ("content", self._format_content()),
            ("matched", f"{len(self.matched)} of {self._wanted}"),
            ("missing", _format_names(self.missing)),
            ("misshapen", _format_names(map(self._format_shapes, self.misshapen))),
            ("unused", _format_names(self.unused)),
            ("flags", self.recommend_flags()),
        )
        lines = [f"{title:<9}  {text}" for title, text in rows]
        return "\n".join([f"checkpoint {self.path}", *lines])

    def recommend_flags(self) -> str:
        """Returns the flags of training or evaluation that make it match, and why."""
        misfits = [*self.missing, *self.misshapen]
        if len(misfits) > len(self.matched):
            return "--model: the checkpoint is of another network, or of another width"
        if misfits:
            scopes = ",".join(dict.fromkeys(map(checkpoints.get_scope, misfits)))
            other = "" if self.misshapen else "; or --ignore_missing_vars"
            return f"--checkpoint_exclude_scopes={scopes} initializes these anew{other}"
        if self.classes == 1001:
            return "--labels_offset=-1 for images without a background class 0"
        if self.classes == 1000:
            return "--labels_offset=1 for images with a background class 0"
        return "none needed"

    @property
    def _wanted(self) -> int:
        return len(self.matched) + len(self.missing) + len(self.misshapen)

    def _format_content(self) -> str:
        parts = [f"{self.entries} arrays, {self.size / 1e6:,.1f} MB"]
        if self.averages:
            parts.append(f"moving averages of {self.averages} variables")
        if self.slots:
            parts.append(f"{self.slots} optimizer slots")
        return "; ".join(parts)

    def _format_shapes(self, name: str) -> str:
        there, here = self.misshapen[name]
        return f"{name} {there} there, {here} here"


def match_checkpoint(
    checkpoint: str, variables: Mapping[str, tf.Tensor], classes: int | None
) -> CheckpointMatch:
    """Compares a checkpoint with a network.

    Args:
      checkpoint: its path.
      variables: the network's, by name; their shapes count.
      classes: of the checkpoint, None for none.

    Raises:
      InputError: the checkpoint is unreadable.
    """
    reader = checkpoints.Reader(checkpoint)
    held = reader.shapes
    shapes = {name: variable.shape.as_list() for name, variable in variables.items()}
    found = [name for name in shapes if name in held]
    beside = [n for n in held if n not in shapes and n.rpartition("/")[0] in shapes]
    averages = [name for name in beside if name.endswith(checkpoints.AVERAGE_SUFFIX)]
    return CheckpointMatch(
        path=checkpoint,
        step=_read_step(reader),
        size=_measure_size(checkpoint),
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
        unused=tuple(
            sorted(held.keys() - shapes.keys() - {*beside, checkpoints.GLOBAL_STEP})
        ),
    )


def _read_step(reader: checkpoints.Reader) -> int | None:
    name = checkpoints.GLOBAL_STEP
    if reader.shapes.get(name) != []:
        return None
    return int(reader.read({name: name})[name])


def _measure_size(checkpoint: str) -> int:
    return sum(file.stat().st_size for file in checkpoints.list_files(checkpoint))


def _format_names(items: Iterable[str]) -> str:
    items = list(items)
    if not items:
        return "none"
    more = len(items) - _MOST_LISTED
    shown = items[:_MOST_LISTED] + ([f"and {more} more"] if more > 0 else [])
    return f"\n{'':<11}".join([str(len(items)), *shown])
