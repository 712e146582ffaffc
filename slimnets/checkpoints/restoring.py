"""Restoring variables from a checkpoint by name, all of them or none."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.checkpoints.adjusting import change_channels
from slimnets.checkpoints.names import AVERAGE_SUFFIX, get_scope, is_range, list_foreign
from slimnets.checkpoints.reading import Reader, describe_objects


class Misfit(errors.InputError):
    """A checkpoint does not fit the variables; the message names those that differ.

    Attributes:
      scopes: prefixes whose exclusion would leave all of them out; none where the
        checkpoint is of another network.
      only_missing: whether the checkpoint lacks them, and none has another shape.
    """

    def __init__(
        self, message: str, scopes: tuple[str, ...] = (), only_missing: bool = False
    ):
        super().__init__(message)
        self.scopes = scopes
        self.only_missing = only_missing


@dataclasses.dataclass(frozen=True)
class RestoreReport:
    """What a restore did.

    Attributes:
      path: the checkpoint read.
      restored: names of the variables that got the checkpoint's values.
      excluded: names left out because their scope was excluded.
      missing: names left as they were because the checkpoint lacks them.
      unused: names in the checkpoint that nobody asked for.
      averaged: whether moving averages were read in place of the variables.
      averages_left: how many variables have moving averages in it that were not read.
      not_finite: names of variables whose values have NaN or infinities among them.
      verb: what was done to them.
    """

    path: str
    restored: tuple[str, ...]
    excluded: tuple[str, ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    averaged: bool = False
    averages_left: int = 0
    not_finite: tuple[str, ...] = ()
    verb: str = "restored"

    def __str__(self) -> str:
        parts = [f"{self.verb} {len(self.restored)} variables from {self.path}"]
        if self.averaged:
            parts.append("their moving averages")
        if self.averages_left:
            parts.append(
                f"{self.averages_left} have moving averages in it:"
                " --use_moving_averages takes them"
            )
        if self.excluded:
            parts.append(f"left out {len(self.excluded)} in excluded scopes")
        if self.missing:
            parts.append(f"{len(self.missing)} not in it: {_list_some(self.missing)}")
        if self.unused:
            parts.append(f"{len(self.unused)} in it not used")
        if any(is_range(name) for name in self.unused):
            parts.append("its training rounded to integers, as --quantize does")
        if self.not_finite:
            parts.append(describe_not_finite(self.not_finite))
        return "; ".join(parts)


def restore(
    variables: Mapping[str, tf.Variable],
    path: str,
    *,
    exclude_scopes: Sequence[str] = (),
    ignore_missing: bool = False,
    averages: bool = False,
    allow_unused: bool = True,
    known: Collection[str] = (),
    channels: Mapping[str, int] = MappingProxyType({}),
) -> RestoreReport:
    """Assigns to variables the values that a checkpoint holds under their names.

    Nothing is assigned unless everything can be.

    Args:
      variables: the variables by checkpoint name.
      path: the checkpoint, as `require` returns it.
      exclude_scopes: prefixes of names to leave as they are.
      ignore_missing: leave variables that the checkpoint lacks as they are.
      averages: where the checkpoint has a variable's moving average, read that.
      allow_unused: leave out what it holds that neither the network nor its training
        accounts for, as another network's does.
      known: names of variables that the checkpoint may hold besides.
      channels: kernels by name whose input channels are to become so many, see
        slimnets.checkpoints.adjusting.

    Returns:
      What matched and what was left out.

    Raises:
      Misfit: a variable is missing or has another shape, or all are missing.
      InputError: the checkpoint is unreadable, an excluded scope is nowhere, or the
        checkpoint holds what has no place in the network.
    """
    reader = Reader(path)
    held = reader.shapes
    scopes = tuple(exclude_scopes)
    _require_scopes(scopes, [*variables, *held])
    wanted = {n: v for n, v in variables.items() if not n.startswith(scopes or ("\0",))}
    keys = {n: _choose_key(n, held, averages) for n in wanted}
    missing = tuple(n for n in wanted if keys[n] not in held)
    whole = {name: keys[name] for name in wanted if name not in channels}
    _check(reader, wanted, whole, () if ignore_missing else missing)
    if not allow_unused:
        left = [name for name in sorted(held) if not name.startswith(scopes or ("\0",))]
        require_used(path, left, [*variables, *known])
    values = reader.read({n: keys[n] for n in wanted if n not in missing})
    for name, count in channels.items():
        values[name] = change_channels(values[name], count)
    for name, value in values.items():
        wanted[name].assign(value.astype(wanted[name].dtype.as_numpy_dtype))
    used = {keys[name] for name in values}
    return RestoreReport(
        path=path,
        restored=tuple(values),
        excluded=tuple(n for n in variables if n not in wanted),
        missing=missing,
        unused=tuple(sorted(held.keys() - used)),
        averaged=any(key.endswith(AVERAGE_SUFFIX) for key in used),
        averages_left=sum(n + AVERAGE_SUFFIX in held for n in used),
        not_finite=list_not_finite(values),
    )


def _check(
    reader: Reader,
    wanted: Mapping[str, tf.Variable],
    keys: Mapping[str, str],
    missing: Sequence[str],
) -> None:
    """Raises a Misfit if variables are missing or have other shapes."""
    held = reader.shapes
    found = {name: held[key] for name, key in keys.items() if key in held}
    if wanted and not found and reader.has_objects:
        raise describe_objects(reader.path)
    shapes = {n: v.shape for n, v in wanted.items() if n in keys}
    require_match(shapes, found, reader.path, missing, held)


def require_used(
    path: str,
    held: Iterable[str],
    variables: Collection[str],
    network: str = "the network",
) -> None:
    """Raises an InputError if a file holds what a network's own would not.

    Args:
      path: of the file.
      held: names of what it holds.
      variables: names of the network's variables.
      network: what the message calls it.
    """
    foreign = list_foreign(held, variables)
    if foreign:
        raise errors.InputError(
            f"{path} holds {len(foreign)} arrays that have no place in {network}, such"
            f" as {', '.join(foreign[:3])}: are these the weights of another network?"
            " --allow_unused leaves them out"
        )


def describe_not_finite(names: Sequence[str]) -> str:
    """Returns what to say of variables whose values are not finite; '' for none."""
    if not names:
        return ""
    return (
        f"{len(names)} variables hold NaN or infinite values, such as"
        f" {', '.join(names[:3])}"
    )


def list_not_finite(values: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Returns the names of arrays that have NaN or infinities among their values."""
    return tuple(
        name
        for name, value in values.items()
        if value.dtype.kind == "f" and not np.isfinite(value).all()
    )


def require_match(
    wanted: Mapping[str, Sequence[int]],
    found: Mapping[str, Sequence[int]],
    path: str,
    missing: Sequence[str],
    held: Iterable[str],
) -> None:
    """Raises a Misfit if variables are missing or have other shapes.

    Args:
      wanted: shapes of a network's variables by name.
      found: those of a file by the same names, as far as it has them.
      path: of the file.
      missing: names that may not be missing and are.
      held: all names in the file, as they are there.
    """
    held = sorted(held)
    if wanted and not found and not held:
        raise Misfit(f"{path} holds no weights")
    if wanted and not found:
        raise Misfit(
            f"{path} is of another network: it has none of the"
            f" {len(wanted)} variables, such as {next(iter(wanted))}, but"
            f" {_list_some(held)}"
        )
    misshapen = [n for n in wanted if n in found and list(wanted[n]) != list(found[n])]
    if not missing and not misshapen:
        return
    faults = [f"{name} is not in it" for name in missing]
    faults += [
        f"{name} has shape {list(found[name])} there and {list(wanted[name])} here"
        for name in misshapen
    ]
    raise Misfit(
        f"{path} does not fit: {_list_some(faults)}",
        scopes=tuple(dict.fromkeys(get_scope(n) for n in [*missing, *misshapen])),
        only_missing=not misshapen,
    )


def _choose_key(name: str, held: Mapping[str, list[int]], averages: bool) -> str:
    averaged = name + AVERAGE_SUFFIX
    return averaged if averages and averaged in held else name


def _require_scopes(scopes: Sequence[str], names: Sequence[str]) -> None:
    """Raises an InputError for a scope, surely misspelt, without any variable."""
    for scope in scopes:
        if not any(name.startswith(scope) for name in names):
            known = sorted({get_scope(name) for name in names})
            raise errors.unknown("excluded scope", scope, known)


def _list_some(items: Iterable[str], most: int = 3) -> str:
    items = list(items)
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more
