"""Networks of the user's own: a row made from a builder, and builders found by words.

A reference is `package.module:name` or `path/to/file.py:name`. What bears the name is a
builder, a row (`slimnets.Network`), or a row that importing the module registers.
"""

import dataclasses
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import tf_slim

from slimnets import errors, slim
from slimnets.config import calls
from slimnets.nets.row import Builder, Network

# What every builder gets from those who call it.
_GIVEN = ("images", "inputs", "num_classes", "is_training")


class Reference(NamedTuple):
    """Where a network of the user's is found.

    Attributes:
      module: 'package.module', or the path of a Python file.
      name: of the builder or row in it.
    """

    module: str
    name: str

    @property
    def is_file(self) -> bool:
        """Whether the module is given as a file."""
        return self.module.endswith(".py")

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


def is_reference(network: str) -> bool:
    """Returns whether a network is named by the place of its code."""
    return ":" in calls.parse(network).name


def parse(network: str) -> Reference:
    """Returns a reference from its words; a file's path becomes absolute.

    Args:
      network: 'package.module:name' or 'path/to/file.py:name'; arguments behind it
        are dropped.
    """
    module, _, name = calls.parse(network).name.rpartition(":")
    if module.endswith(".py"):
        module = str(Path(module).expanduser().absolute())
    return Reference(module, name)


def find_folder(reference: Reference) -> str | None:
    """Returns the folder from which the module of a reference can be imported.

    None for a file, which is found by its path, and for a package without a file.
    """
    file = import_module(reference.module).__file__
    if reference.is_file or file is None:
        return None
    depth = reference.module.count(".") + (Path(file).name == "__init__.py")
    return str(Path(file).absolute().parents[depth])


def search_in(folder: str) -> None:
    """Lets modules be imported from a folder, after all others."""
    if folder not in sys.path:
        sys.path.append(folder)


def find(reference: Reference) -> Network | Builder | None:
    """Imports a module and returns what bears a name in it; None if nothing does.

    Raises:
      InputError: there is no such module, or it cannot be imported.
    """
    found = getattr(import_module(reference.module), reference.name, None)
    return found if isinstance(found, Network) or callable(found) else None


def list_names(reference: Reference) -> list[str]:
    """Returns the names in a module that may be networks."""
    return [
        name
        for name, value in vars(import_module(reference.module)).items()
        if isinstance(value, Network) or inspect.isfunction(value)
    ]


def make_row(builder: Builder, name: str | None = None) -> Network:
    """Returns the row of a builder.

    Its arg scope is the function NAME_arg_scope beside it, as TF-Slim calls it, or else
    L2 regularizers for every layer's weights.

    Args:
      builder: `f(images, num_classes, is_training=...) -> (logits, end_points)`. Its
        attribute `default_image_size` says for which height and width it is; 224 where
        it has none.
      name: of the network; None takes the builder's.
    """
    name = name or str(getattr(builder, "__name__", type(builder).__name__))
    beside = getattr(builder, "__globals__", {})
    return Network(
        name=name,
        builder=builder,
        arg_scope=beside.get(f"{name}_arg_scope", regularize_weights),
        image_size=getattr(builder, "default_image_size", 224),
    )


def with_arguments(row: Network, arguments: Mapping[str, Any]) -> Network:
    """Returns a network whose builder gets other arguments.

    Args:
      row: the network.
      arguments: of its builder, by name; its own others stay.

    Raises:
      InputError: its builder takes none of a name, or sets it itself.
    """
    taken = inspect.signature(row.builder).parameters
    known = [name for name in taken if name not in _GIVEN]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in taken.values())
    for name in arguments:
        if name in _GIVEN or (name not in known and not takes_any):
            raise errors.unknown(f"argument of {row.name}", name, known)
    complete = {**row.arguments, **arguments}
    return dataclasses.replace(row, arguments=complete)


def regularize_weights(weight_decay: float = 0.0) -> dict[str, Any]:
    """Returns an arg scope in which the layers' weights have L2 regularizers."""
    layers = [
        slim.conv2d,
        slim.conv2d_transpose,
        slim.separable_conv2d,
        slim.fully_connected,
    ]
    regularizer = slim.l2_regularizer(weight_decay)
    with tf_slim.arg_scope(layers, weights_regularizer=regularizer) as scope:
        return scope


def import_module(name: str) -> ModuleType:
    """Imports a module of the user's, once.

    Args:
      name: 'package.module', or the path of a Python file.

    Raises:
      InputError: there is none, or it raises an error.
    """
    try:
        if name.endswith(".py"):
            return _import_file(Path(name))
        return _import_by_name(name)
    except errors.InputError:
        raise
    except Exception as error:  # the user's code may raise anything
        raise errors.InputError(
            f"{name} cannot be imported: {describe_fault(error)}"
        ) from error


def _import_by_name(name: str) -> ModuleType:
    search_in(os.getcwd())  # which is not on an installed program's path
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):
            raise  # another one, which this imports
        raise errors.InputError(
            f"there is no module {name!r} in {os.getcwd()} or among the installed ones;"
            " a file is named by its path, as FOLDER/my_net.py"
        ) from error


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise errors.InputError(
            f"there is no file {path}; say where it is with --model=FOLDER/{path.name}:"
            "NAME"
        )
    name = f"file:{path}"  # which no module of others is called
    if name in sys.modules:
        return sys.modules[name]
    search_in(str(path.parent))  # for what lies beside it
    loader = SourceFileLoader(name, str(path))
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def is_own(network: Network) -> bool:
    """Returns whether a network's builder is not the library's."""
    return not is_librarys(network.builder)


def is_librarys(builder: Builder) -> bool:
    """Returns whether a builder lies in slimnets.nets."""
    # None where a function was made outside of a module.
    module = getattr(builder, "__module__", None) or ""
    return module.startswith(f"{__package__}.")


def describe_fault(error: Exception) -> str:
    """Returns an error of the user's code in one line, with the line it came from."""
    text = f"{type(error).__name__}: {errors.summarize(error)}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not _is_of_library(frame.filename)]
    if isinstance(error, SyntaxError) or not own:
        return text
    return f"{text} ({own[-1].filename}, line {own[-1].lineno})"


def _is_of_library(file: str) -> bool:
    ours = str(Path(__file__).parents[1])
    return file.startswith(("<", ours, sys.base_prefix)) or "site-packages" in file
