"""Keras' files of weights: `.weights.h5`, `.keras`, and the legacy `.h5`.

Keras 3 (and late Keras 2) numbers a network's layers by class, `layers/conv2d_3`, and
may give their names besides; `.keras` is a zip archive with such a file in it. The
legacy files, those of Keras Applications' own weights among them, name each layer.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from slimnets import errors
from slimnets.weights.keras.kinds import make_automatic_name
from slimnets.weights.rules import Kind, Layer

SUFFIX = ".weights.h5"
_MEMBER = "model.weights.h5"  # of a .keras archive
_ROOTS = ("layers", "_layer_checkpoint_dependencies")  # of Keras 3, and of 2.13

# Names that Keras makes by counting the layers of a process, from 0 or 1.
_AUTOMATIC = re.compile(
    r"(conv2d|batch_normalization|separable_conv2d|depthwise_conv2d|dense)(?:_(\d+))?"
)


class Stored(NamedTuple):
    """A layer in a file.

    Attributes:
      name: that the network gave it; '' where the file has none.
      path: by class and number; '' in legacy files.
      arrays: in the order in which Keras makes them; with a path, by their own paths.
    """

    name: str
    path: str
    arrays: dict[str, np.ndarray]

    def sort_arrays(self, kind: Kind) -> list[np.ndarray] | None:
        """Returns the arrays in a kind's order; None if it has others."""
        if len(self.arrays) != kind.size():
            return None
        if not self.path:
            return list(self.arrays.values())
        found = [self.arrays[path] for path in kind.paths() if path in self.arrays]
        return found if len(found) == len(self.arrays) else None


def read(path: Path) -> list[Stored]:
    """Returns the layers of a file that have weights.

    Raises:
      InputError: it is no such file.
    """
    try:
        with h5py.File(_open_content(path), "r") as file:
            return _read_layers(file)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise errors.InputError(
            f"{path} cannot be read as Keras' weights: {errors.summarize(error)}; give"
            " a .weights.h5, .h5 or .keras file"
        ) from error


def _open_content(path: Path) -> io.BytesIO | Path:
    """Returns the weights of a .keras file, or another file as it is."""
    if not zipfile.is_zipfile(path):
        return path
    with zipfile.ZipFile(path) as archive:
        return io.BytesIO(archive.read(_MEMBER))


def _read_layers(file: h5py.File) -> list[Stored]:
    for root in _ROOTS:
        if root in file:
            return list(_read_by_class(file[root]))
    group = file.get("model_weights", file)  # a whole model's, or weights alone
    return list(_read_by_name(group))


def _read_by_class(group: h5py.Group) -> Iterator[Stored]:
    for path, layer in group.items():
        arrays = {name: layer[name][()] for name in _list_datasets(layer)}
        if arrays:
            name = layer["vars"].attrs.get("name", "") if "vars" in layer else ""
            yield Stored(_decode(name), path, arrays)


def _list_datasets(group: h5py.Group) -> list[str]:
    """Returns the paths of the arrays in a group and in those inside it."""
    found: list[str] = []
    group.visititems(
        lambda path, item: found.append(path) if hasattr(item, "shape") else None
    )
    return found


def _read_by_name(group: h5py.Group) -> Iterator[Stored]:
    for name in _read_attribute(group, "layer_names"):
        layer = group[name]
        arrays = {
            path: layer[path][()] for path in _read_attribute(layer, "weight_names")
        }
        if arrays:
            yield Stored(name, "", arrays)


def _read_attribute(group: h5py.Group, name: str) -> list[str]:
    """Returns a list of names; a long one lies in several attributes."""
    if name in group.attrs:
        return [_decode(item) for item in group.attrs[name]]
    if f"{name}0" not in group.attrs:
        raise ValueError(f"it has no {name}")
    parts: list[str] = []
    while (key := f"{name}{len(parts)}") in group.attrs:
        parts.append(key)
    return [_decode(item) for key in parts for item in group.attrs[key]]


def _decode(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def match_layers(
    layers: Sequence[Layer], stored: Sequence[Stored]
) -> list[tuple[Layer, Stored]]:
    """Finds a table's layers in a file.

    They are found by their names. Where the file has none, or names of another version
    of Keras, they are found as Keras does it: by class and number, and in legacy files
    by their order among layers with as many arrays.

    Returns:
      The layers that were found, in the table's order, each with the file's.
    """
    found = _look_up(
        [_normalize_name(layer.theirs) for layer in layers], _index_by_name(stored)
    )
    if len(found) < len(layers):
        by_path = {item.path: item for item in stored if item.path}
        others = (
            _look_up(list_paths(layers), by_path)
            if by_path
            else _match_by_order(layers, stored)
        )
        found = max(found, others, key=len)
    return [(layers[index], found[index]) for index in sorted(found)]


def _look_up(keys: Sequence[str], stored: dict[str, Stored]) -> dict[int, Stored]:
    return {index: stored[key] for index, key in enumerate(keys) if key in stored}


def _match_by_order(
    layers: Sequence[Layer], stored: Sequence[Stored]
) -> dict[int, Stored]:
    """Finds the layers by their order; none of them if the file has more or fewer."""
    ours = _sort_by_count([layer.kind.size() for layer in layers])
    theirs = _sort_by_count([len(item.arrays) for item in stored])
    if [count for count, _ in ours] != [count for count, _ in theirs]:
        return {}
    return {
        index: stored[position]
        for (_, index), (_, position) in zip(ours, theirs, strict=True)
    }


def _sort_by_count(counts: Sequence[int]) -> list[tuple[int, int]]:
    return sorted((count, index) for index, count in enumerate(counts))


def _index_by_name(stored: Sequence[Stored]) -> dict[str, Stored]:
    """Returns the layers by name; those that Keras counted are counted from 0."""
    named: dict[str, Stored] = {}
    counted: dict[str, list[tuple[int, Stored]]] = {}
    for item in stored:
        match = _AUTOMATIC.fullmatch(item.name)
        if match:
            number = int(match.group(2) or 0)
            counted.setdefault(match.group(1), []).append((number, item))
        elif item.name:
            named[_normalize_name(item.name)] = item
    for type_name, items in counted.items():
        items.sort(key=lambda pair: pair[0])
        for number, (_, item) in enumerate(items):
            named[make_automatic_name(type_name, number)] = item
    return named


def _normalize_name(name: str) -> str:
    """Returns a layer's name as Keras 3 has it; before, some had slashes in them."""
    return name.lower().replace("/", "_").replace("batchnorm", "bn")


def list_paths(layers: Sequence[Layer]) -> list[str]:
    """Returns the layers' paths by class and number in Keras 3's files."""
    counts: dict[str, int] = {}
    found = []
    for layer in layers:
        type_name = layer.kind.type_name
        number = counts.get(type_name, 0)
        counts[type_name] = number + 1
        found.append(make_automatic_name(type_name, number))
    return found


def write(path: Path, layers: Sequence[tuple[Layer, list[np.ndarray]]]) -> None:
    """Writes Keras 3's `.weights.h5`, whole or not at all.

    Args:
      path: of the file; its folder is made if it does not exist.
      layers: of the whole network, each with its arrays in its kind's order.

    Raises:
      InputError: it cannot be written.
    """
    unfinished = path.with_name(f"unfinished-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(unfinished, "w") as file:
            groups = list_paths([layer for layer, _ in layers])
            for group, (layer, arrays) in zip(groups, layers, strict=True):
                own = file.create_group(f"layers/{group}/vars")
                own.attrs["name"] = layer.theirs
                for name, array in zip(layer.kind.paths(), arrays, strict=True):
                    file[f"layers/{group}/{name}"] = array
        unfinished.replace(path)
    except OSError as error:
        if unfinished.is_file():
            unfinished.unlink()
        raise errors.InputError(
            f"cannot write {path}: {errors.summarize(error)}"
        ) from error
