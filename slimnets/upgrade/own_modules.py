"""The modules that a program brings along."""

import re
from collections.abc import Iterable
from pathlib import Path

from slimnets.upgrade import renames

_SUFFIXES = {".py", ".pyx", ".so"}


class OwnModules:
    """What a program may import from its own files.

    Any of its folders may be on Python's path: src/nets/vgg.py is known as nets.vgg, as
    src.nets.vgg and as vgg.

    Args:
      root: the program's folder.
      files: its files, relative to `root`.
    """

    def __init__(self, root: Path, files: Iterable[Path]):
        self._modules: set[str] = set()
        self._compiled: set[str] = set()
        self._with_tensorflow: set[str] = set()
        self._packages: dict[str, list[Path]] = {}
        for file in files:
            if file.suffix in _SUFFIXES:
                self._enter(root, file)

    def _enter(self, root: Path, file: Path) -> None:
        name = file.name.partition(".")[0]
        text = (root / file).read_bytes() if file.suffix == ".py" else b""
        has_tensorflow = b"tensorflow" in text
        parts = [*file.parent.parts, *([] if name == "__init__" else [name])]
        for start in range(len(parts)):
            full = ".".join(parts[start:])
            self._modules.add(full)
            if name == "__init__":
                self._packages.setdefault(full, []).append(root / file)
            if file.suffix == ".pyx":
                self._compiled.add(full)
            if has_tensorflow:
                self._with_tensorflow.add(full)

    def holds(self, name: str) -> bool:
        """Returns whether a full name is a module of the program's, or lies in one."""
        if name in self._modules:
            return True
        parent, _, last = name.rpartition(".")
        while parent:
            if parent in self._packages:
                return self._defines(parent, last)
            if parent in self._modules:
                return True
            parent, _, last = parent.rpartition(".")
        return False

    def needs_compiling(self, module: str) -> bool:
        """Returns whether a module of the program's is there as Cython's source."""
        return module in self._compiled

    def uses_tensorflow(self, name: str) -> bool:
        """Returns whether a name is, or lies in, a module that speaks of TensorFlow."""
        return renames.longest_prefix(name, self._with_tensorflow) is not None

    def holds_top(self, name: str) -> bool:
        """Returns whether the first part of a name is a folder or file of it."""
        top = name.partition(".")[0]
        return any(m == top or m.startswith(f"{top}.") for m in self._modules)

    def _defines(self, package: str, name: str) -> bool:
        """Returns whether a package's __init__.py speaks of a name."""
        return any(
            re.search(rf"\b{re.escape(name)}\b|import \*", file.read_text("latin-1"))
            for file in self._packages[package]
        )
