"""MobileNet v2 and its kin: blocks, a table's interpreter, and the tables."""

from types import ModuleType

from slimnets.lazy import import_submodule


def __getattr__(name: str) -> ModuleType:
    """Returns a module of the family."""
    return import_submodule(__name__, name)
