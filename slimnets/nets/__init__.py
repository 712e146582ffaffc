"""The networks, one family a file, under research/slim's module and function names."""

from types import ModuleType

from slimnets.lazy import import_submodule


def __getattr__(name: str) -> ModuleType:
    """Returns a family, such as slimnets.nets.vgg."""
    return import_submodule(__name__, name)
