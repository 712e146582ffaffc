"""Modules of a package as its attributes, imported when they are first asked for."""

import importlib
import importlib.util
from types import ModuleType


def import_submodule(package: str, name: str) -> ModuleType:
    """Imports a module of a package; for the package's `__getattr__`.

    Args:
      package: its full name.
      name: the attribute that was asked for.

    Raises:
      AttributeError: the package has no such module.
    """
    module = f"{package}.{name}"
    if name.startswith("_") or importlib.util.find_spec(module) is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return importlib.import_module(module)
