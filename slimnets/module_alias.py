"""Loads a program's file once, whether it is asked for as train.x or slimnets.train.x.

An editable install offers the folder train/ as slimnets.train, and from the checkout it
is train as well. Loaded under both names a program would define its flags twice, which
absl refuses.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

_PREFIX = "slimnets."


class _AliasFinder(MetaPathFinder, Loader):
    """Answers for a module whose file is loaded under its other name."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        loaded = sys.modules.get(_other_name(name))
        file = getattr(loaded, "__file__", None)
        if file is None or path is None:
            return None
        twins = [Path(folder, Path(file).name) for folder in path]
        same = any(twin.exists() and twin.samefile(file) for twin in twins)
        return ModuleSpec(name, self) if same else None

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = sys.modules[_other_name(module.__name__)]


def _other_name(name: str) -> str:
    return name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else _PREFIX + name


def install() -> None:
    """Makes modules known under both names from now on; again, it changes nothing."""
    if not any(isinstance(finder, _AliasFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AliasFinder())
