"""Networks that stand for all: of each family one with each kind of row in its table.

The others of a family repeat such rows, wider or more often. What all networks promise
is tested of a representative by `make test` and of the others, slower, by
`make test-all`. Each network's own table is tested by its golden, always.
"""

import dataclasses
import functools
from collections.abc import Collection, Hashable, Iterable, Iterator
from typing import Any

import pytest

from slimnets.nets import registry

NAMES = ("name", "scope")  # fields in which rows of a kind may differ


def representatives() -> list[str]:
    """Returns the networks whose tables have a kind of row that none before has."""
    found = []
    for family in registry.FAMILIES:
        seen: set[Hashable] = set()
        for row in family.NETWORKS:
            kinds = {family.__name__, *_kinds(dict(row.arguments))}
            if not kinds <= seen:
                found.append(row.name)
            seen |= kinds
    return found


def _kinds(value: Any) -> Iterator[Hashable]:
    """Yields a table's kinds of row: their types, and what their fields are like."""
    if isinstance(value, tuple | list) and not hasattr(value, "_asdict"):
        for element in value:
            yield from _kinds(element)
        return
    fields = _fields(value)
    if fields:
        like = ((key, _like(fields[key])) for key in fields if key not in NAMES)
        yield (type(value).__name__, *like)
    for field in fields.values():
        yield from _kinds(field)


def _fields(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {str(key): value[key] for key in sorted(value, key=str)}
    if hasattr(value, "_asdict"):
        return value._asdict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: getattr(value, name) for name in names}
    return {}


def _like(field: Any) -> Hashable:
    """Returns what fields of one kind have in common: numbers differ as 0, 1, many."""
    if isinstance(field, str):
        return field
    if isinstance(field, functools.partial):
        field = field.func
    if callable(field):
        return getattr(field, "__qualname__", type(field).__name__)
    if isinstance(field, int):
        return min(field, 2)
    return bool(field)


def slow_but(fast: Collection[str], names: Iterable[str]) -> list[Any]:
    """Returns names to parametrize a test with; those not in `fast` are marked slow."""
    slow = pytest.mark.slow
    return [n if n in fast else pytest.param(n, marks=slow) for n in names]


NETWORKS = slow_but(representatives(), registry.list_networks())
