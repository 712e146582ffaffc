"""tf_slim's modules under the paths that programs import them by.

`from slimnets.slim.layers import utils` stands where `from tf_slim.layers import utils`
stood: every module of tf_slim has an entry in `sys.modules` below `slimnets.slim`, a
twin where something in it is mended or ours. `slimnets.slim.nets` is `slimnets.nets`,
which lies in a room above: it is found by its name, once it is asked for.
"""

import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import tf_slim
from tf_slim.layers import sparse_ops  # noqa: F401 - programs import it by its path
from tf_slim.ops import framework_ops  # noqa: F401 - and this one

from slimnets.mended import modules
from slimnets.mended.twin import make_twin

_NETWORKS = "slimnets.nets"


class _NetworksFinder(MetaPathFinder, Loader):
    """Finds the networks under another path, as the very same modules.

    Args:
      alias: the other path, such as 'slimnets.slim.nets'.
    """

    def __init__(self, alias: str):
        self.alias = alias

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if name != self.alias and not name.startswith(f"{self.alias}."):
            return None
        if importlib.util.find_spec(self._own_name(name)) is None:
            return None
        return ModuleSpec(name, self, is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        own = importlib.import_module(self._own_name(module.__name__))
        sys.modules[module.__name__] = own

    def _own_name(self, name: str) -> str:
        return _NETWORKS + name.removeprefix(self.alias)


def enter(name: str, names: Mapping[str, Any]) -> None:
    """Lets modules be imported below `name` as they were below 'tf_slim'.

    Args:
      name: such as 'slimnets.slim'.
      names: what takes the place of tf_slim's own names, in packages too.
    """
    for path, module in _list_modules(names).items():
        sys.modules[f"{name}.{path}"] = module
    alias = f"{name}.nets"
    known = [f.alias for f in sys.meta_path if isinstance(f, _NetworksFinder)]
    if alias not in known:
        sys.meta_path.insert(0, _NetworksFinder(alias))


def take_place(name: str, module: ModuleType) -> None:
    """Lets `import name`, and modules below it, mean `module` and ours.

    Args:
      name: 'tf_slim'.
      module: what takes its place.
    """
    for loaded in list(sys.modules):
        if loaded.startswith(f"{name}."):
            del sys.modules[loaded]
    sys.modules[name] = module
    enter(name, vars(module))


def _find_modules() -> dict[str, ModuleType]:
    """Returns path below tf_slim -> tf_slim's module."""
    prefix = "tf_slim."
    return {
        name.removeprefix(prefix): module
        for name, module in sys.modules.items()
        if name.startswith(prefix) and not name.startswith(f"{prefix}nets")
    }


_OF_TF_SLIM = _find_modules()


def _list_modules(names: Mapping[str, Any]) -> dict[str, ModuleType]:
    """Returns path below tf_slim -> the module that takes its place."""
    twins = {
        twin.__name__.removeprefix("tf_slim."): twin
        for twin in vars(modules).values()
        if isinstance(twin, ModuleType)
        and twin not in (*_OF_TF_SLIM.values(), tf_slim, modules)
    }
    found = {path: twins.get(path, module) for path, module in _OF_TF_SLIM.items()}
    packages = [path for path, module in found.items() if hasattr(module, "__path__")]
    for package in packages:
        inside = {
            path.removeprefix(f"{package}."): module
            for path, module in found.items()
            if path.startswith(f"{package}.")
        }
        theirs = vars(_OF_TF_SLIM[package])
        ours = {
            name: names[name]
            for name, value in theirs.items()
            if name in names and vars(tf_slim).get(name) is value
        }
        found[package] = make_twin(found[package], **(ours | inside))
    return found
