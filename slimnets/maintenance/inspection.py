"""What a checkpoint holds: variables, their types, shapes and values."""

import fnmatch
import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from slimnets import checkpoints, errors
from slimnets.checkpoints import names
from slimnets.datasets.writer import format_table
from slimnets.maintenance.sources import Source


class Variable(NamedTuple):
    """An array in a checkpoint.

    Attributes:
      name: its key.
      kind: what it is, as of `names.list_kinds`.
      dtype: its type.
      shape: its shape.
      size: number of values.
      faulty: how many of them are NaN or infinite.
      statistics: least, mean, standard deviation and greatest of those that are
        finite; () where there are none, or they are no numbers.
    """

    name: str
    kind: str
    dtype: str
    shape: tuple[int, ...]
    size: int
    faulty: int
    statistics: tuple[float, ...]


def inspect(path: str, wanted: str = "*") -> str:
    """Returns what a checkpoint holds, as text.

    Args:
      path: a checkpoint, or a folder whose latest one is taken.
      wanted: a shell wildcard of the names to show.

    Raises:
      InputError: there is no checkpoint, it is damaged, or nothing has such a name.
    """
    source = Source(path)
    kinds = names.list_kinds(source.reader.shapes)
    listed = choose(source.reader.shapes, wanted, source.path)
    variables = [_read_variable(source.reader, name, kinds[name]) for name in listed]
    rows = [["variable", "kind", "type", "shape", "least", "mean", "std", "greatest"]]
    rows += [_make_row(variable) for variable in variables]
    return "\n".join(
        [f"checkpoint {source.path}", format_table(rows), *_sum(variables)]
    )


def choose(held: Iterable[str], wanted: str, where: str) -> list[str]:
    """Returns the names that a shell wildcard means, sorted.

    Raises:
      InputError: none does.
    """
    held = sorted(held)
    found = [name for name in held if fnmatch.fnmatchcase(name, wanted)]
    if held and not found:
        raise errors.InputError(
            f"{where} holds nothing of the name {wanted!r}, but {len(held)} others such"
            f" as {held[0]}; --variables takes a shell wildcard"
        )
    return found


def _read_variable(reader: checkpoints.Reader, name: str, kind: str) -> Variable:
    value = np.asarray(reader.read({name: name})[name])
    dtype = "string" if value.dtype == object else str(value.dtype)
    if value.dtype == object or value.dtype.kind in "SUc":
        return Variable(name, kind, dtype, value.shape, value.size, 0, ())
    numbers = value.astype(np.float64).ravel()  # bfloat16 has no kind of NumPy's own
    finite = numbers[np.isfinite(numbers)]
    statistics = (
        (finite.min(), finite.mean(), finite.std(), finite.max()) if finite.size else ()
    )
    faulty = numbers.size - finite.size
    return Variable(name, kind, dtype, value.shape, value.size, faulty, statistics)


def _make_row(variable: Variable) -> list[str]:
    shape = "x".join(map(str, variable.shape)) or "scalar"
    figures = [f"{figure:.4g}" for figure in variable.statistics] or ["-"] * 4
    if variable.faulty:
        figures[-1] += f" ({variable.faulty:,} NaN or infinite)"
    return [variable.name, variable.kind, variable.dtype, shape, *figures]


def _sum(variables: list[Variable]) -> list[str]:
    """Returns a line for each kind, and one for values that are not finite."""
    lines = []
    for kind in (names.NETWORK, names.AVERAGE, names.SLOT, names.TRAINING):
        of_kind = [variable for variable in variables if variable.kind == kind]
        count = sum(math.prod(variable.shape) for variable in of_kind)
        if of_kind:
            lines.append(f"{kind}: {len(of_kind)} arrays, {count:,} values")
    faulty = [variable.name for variable in variables if variable.faulty]
    if faulty:
        lines.append(checkpoints.describe_not_finite(faulty))
    return lines
