"""Answers, for one full name of an old program, which name it has today.

Whether a name exists is asked of the packages that are installed, so that the answer
holds for these. TensorFlow's own renames come from its upgrade script's tables.
"""

import functools
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from slimnets.upgrade import renames
from slimnets.upgrade.own_modules import OwnModules

V1 = "tensorflow.compat.v1"


class Names:
    """Names as a file of the program may use them.

    Args:
      own: the program's own modules, which win over research/slim's of the same name.
    """

    def __init__(self, own: OwnModules):
        self._own = own

    def rename(self, name: str) -> str | None:
        """Returns what a full name is called today: itself, another, or None if gone.

        Args:
          name: such as tensorflow.contrib.slim.conv2d. Names of modules that are none
            of the tables' concern come back as they are.
        """
        top = name.partition(".")[0]
        if self._own.holds(name):
            return name
        if top in ("tensorflow", "tf_slim"):
            return _rename_tensorflow(name)
        if top == "numpy":
            return _rename_numpy(name)
        return self._rename_research(name)

    def _rename_research(self, name: str) -> str | None:
        for prefix in renames.RESEARCH_PREFIXES:
            if name.startswith(prefix):
                short = name.removeprefix(prefix)
                return self._find_research(short) or name
        return self._find_research(name) or name

    def _find_research(self, name: str) -> str | None:
        """Returns research/slim's name below slimnets, or None if it is not there."""
        top, _, rest = name.partition(".")
        if top not in renames.RESEARCH_SLIM or not rest:
            return None
        return f"slimnets.{name}" if exists(f"slimnets.{name}") else None


def remedy(name: str) -> str:
    """Returns what to do about a name that is gone, for the report."""
    prefix = renames.longest_prefix(name, renames.REMEDIES)
    return renames.REMEDIES[prefix] if prefix else "it is not installed"


@functools.cache
def exists(name: str) -> bool:
    """Returns whether what is installed has a full name, a module's or one in it."""
    if renames.longest_prefix(name, renames.KERAS_2):
        return name in renames.KERAS_2  # the package, not what is in it
    if name.startswith(("tensorflow.keras.", f"{V1}.keras.")):
        return True  # to look, Keras would have to be imported
    parts = name.split(".")
    try:
        value: Any = importlib.import_module(parts[0])
        for length, part in enumerate(parts[1:], start=2):
            if not isinstance(value, ModuleType):
                return True  # what a class or an object has is not looked into
            value = _get(value, part, ".".join(parts[:length]))
    except ImportError:
        return False
    return True


def module_of(name: str) -> str:
    """Returns the module that a full name which exists lies in, or is."""
    try:
        importlib.import_module(name)
    except ImportError:
        return module_of(name.rpartition(".")[0])
    return name


def _get(module: ModuleType, part: str, full: str) -> Any:
    """Returns a module's attribute or submodule.

    Raises:
      ImportError: there is neither.
    """
    try:
        return getattr(module, part)
    except AttributeError:
        return importlib.import_module(full)


def is_installed(module: str) -> bool:
    """Returns whether the package that a module belongs to can be imported."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top in sys.modules:
        return True
    return importlib.util.find_spec(top) is not None


def _rename_tensorflow(name: str) -> str | None:
    """Returns the first name that exists of those the tables give."""
    if name in ("tensorflow", "tensorflow.compat.v1", "tf_slim"):
        return {"tf_slim": "slimnets.slim"}.get(name, V1)
    plain = name.replace(f"{V1}.", "tensorflow.", 1)
    return next(filter(exists, _candidates(plain)), None)


def _candidates(name: str) -> Iterator[str]:
    """Yields what a name may be called today, the most likely one first."""
    early = renames.longest_prefix(name, renames.EARLY)
    if early:
        yield renames.EARLY[early] + name.removeprefix(early)
    module = renames.longest_prefix(name, renames.MODULES)
    if module:
        rest = name.removeprefix(module)
        yield from (target + rest for target in renames.MODULES[module])
    if name.startswith(
        ("tensorflow.compat.", "tensorflow.python.", "tensorflow.core.")
    ):
        yield name
    elif name.startswith("tensorflow."):
        yield V1 + name.removeprefix("tensorflow")
        yield from _look_up(name)
    if name.startswith("tensorflow.python."):
        last = name.rpartition(".")[2]
        yield from (f"{place}.{last}" for place in renames.PUBLIC)


def _look_up(name: str) -> Iterator[str]:
    """Yields the name that TensorFlow's tables give, as compat.v1 has it if it does."""
    table = _tensorflow_renames()
    short = name.replace("tensorflow", "tf", 1)
    prefix = renames.longest_prefix(short, table)
    if prefix is None or name.startswith(renames.OTHER_ARGUMENTS):
        return
    target = table[prefix] + short.removeprefix(prefix)
    plain = target.replace("tf.compat.v1.", "tf.", 1)
    yield plain.replace("tf", V1, 1)
    yield target.replace("tf", "tensorflow", 1)


@functools.cache
def _tensorflow_renames() -> dict[str, str]:
    from tensorflow.tools.compatibility import all_renames_v2

    return dict(all_renames_v2.symbol_renames)


def _rename_numpy(name: str) -> str | None:
    prefix = renames.longest_prefix(name, renames.NUMPY)
    if prefix and (prefix in renames.NUMPY_REUSED or not exists(prefix)):
        return renames.NUMPY[prefix] + name.removeprefix(prefix)
    return name if exists(name) else None
