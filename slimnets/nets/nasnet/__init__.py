"""NASNet-A and PNASNet-5: tables of cells, their interpreter, and what stacks them."""

from types import ModuleType

from slimnets.lazy import import_submodule


def __getattr__(name: str) -> ModuleType:
    """Returns a module of the family."""
    return import_submodule(__name__, name)
