"""Keras' files of weights: `.weights.h5`, `.keras`, and the legacy `.h5`.

Keras 3 (and late Keras 2) numbers a network's layers by class, `layers/conv2d_3`, and
may give their names besides; `.keras` is a zip archive with such a file in it. The
legacy files, those of Keras Applications' own weights among them, name each layer.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from slimnets import errors
from slimnets.checkpoints import file_kinds
from slimnets.weights.keras import hdf5
from slimnets.weights.keras.kinds import make_automatic_name
from slimnets.weights.rules import Kind, Layer

SUFFIX = ".weights.h5"
_GENERATOR = "seed_generator/"
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
      inner: the layers of one that is a network itself, as in transfer learning.
    """

    name: str
    path: str
    arrays: dict[str, np.ndarray]
    inner: "tuple[Stored, ...]" = ()

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
    file_kinds.require_source(path, "keras")
    try:
        return _list_layers(hdf5.read(path))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise errors.InputError(
            f"{path} cannot be read as Keras' weights: {errors.summarize(error)}; give"
            " a .weights.h5, .h5 or .keras file"
        ) from error


def _list_layers(content: hdf5.Content) -> list[Stored]:
    for root in _ROOTS:
        if any(path.startswith(f"{root}/") for path in content.arrays):
            return list(_list_by_class(_cut(content, root)))
    # A whole model's, or weights alone.
    is_model = "model_weights" in content.names
    return list(_list_by_name(_cut(content, "model_weights") if is_model else content))


def _cut(content: hdf5.Content, group: str) -> hdf5.Content:
    """Returns what lies in a group, by the paths there."""
    inside = f"{group}/"
    return hdf5.Content(
        {
            path.removeprefix(inside): array
            for path, array in content.arrays.items()
            if path.startswith(inside)
        },
        {
            path.removeprefix(group).removeprefix("/"): names
            for path, names in content.names.items()
            if path == group or path.startswith(inside)
        },
    )


def _list_by_class(content: hdf5.Content) -> Iterator[Stored]:
    for path in dict.fromkeys(path.partition("/")[0] for path in content.arrays):
        layer = _cut(content, path)
        # A layer that draws random numbers has the state of its generator.
        arrays = {p: a for p, a in layer.arrays.items() if _GENERATOR not in p}
        if not arrays:
            continue
        inner = [
            tuple(_list_by_class(_cut(layer, root)))
            for root in _ROOTS
            if any(p.startswith(f"{root}/") for p in arrays)
        ]
        [name] = layer.names.get("vars", {}).get("name", [""])
        yield Stored(name, path, arrays, *inner)


def _list_by_name(content: hdf5.Content) -> Iterator[Stored]:
    for name in _read_names(content, "", "layer_names"):
        arrays = {
            path: content.arrays[f"{name}/{path}"]
            for path in _read_names(content, name, "weight_names")
        }
        if arrays:
            yield Stored(name, "", arrays, tuple(_split_by_name(arrays)))


def _split_by_name(arrays: dict[str, np.ndarray]) -> Iterator[Stored]:
    """Yields the layers whose arrays these are by their names, where they are many."""
    layers: dict[str, dict[str, np.ndarray]] = {}
    for path, array in arrays.items():
        layer = path.rpartition("/")[0].rpartition("/")[2]
        layers.setdefault(layer, {})[path] = array
    if len(layers) > 1:
        for name, held in layers.items():
            yield Stored(name, "", held)


def _read_names(content: hdf5.Content, path: str, name: str) -> list[str]:
    """Returns a list of names; a long one lies in several attributes."""
    held = content.names.get(path, {})
    if name in held:
        return held[name]
    parts: list[str] = []
    while (key := f"{name}{len(parts)}") in held:
        parts.append(key)
    if not parts and not path:
        raise ValueError(f"it has no {name}")
    return [item for key in parts for item in held[key]]


class Matched(NamedTuple):
    """A table's layers in a file.

    Attributes:
      layers: those that were found, in the table's order, each with the file's.
      missing: those that were not.
      unused: the file's layers that the table does not have.
    """

    layers: list[tuple[Layer, Stored]]
    missing: list[Layer]
    unused: list[Stored]


def match_layers(layers: Sequence[Layer], stored: Sequence[Stored]) -> Matched:
    """Finds a table's layers in a file.

    They are found by their names. Where the file has none, or names of another version
    of Keras, they are found as Keras does it: by class and number, and in legacy files
    by their order among layers with as many arrays. They may lie inside a layer that
    is a network itself.
    """
    networks = _list_networks(stored, ())
    found, used, beside = max(
        ((_match_one(layers, inside), inside, beside) for inside, beside in networks),
        key=lambda match: len(match[0]),
    )
    taken = {id(item) for item in found.values()}
    return Matched(
        [(layers[index], found[index]) for index in sorted(found)],
        [layer for index, layer in enumerate(layers) if index not in found],
        [item for item in (*used, *beside) if id(item) not in taken],
    )


def _list_networks(
    stored: Sequence[Stored], beside: tuple[Stored, ...]
) -> Iterator[tuple[Sequence[Stored], tuple[Stored, ...]]]:
    """Yields the layers of each network in a file, and the layers beside it."""
    yield stored, beside
    for item in stored:
        if item.inner:
            others = tuple(other for other in stored if other is not item)
            yield from _list_networks(item.inner, (*beside, *others))


def _match_one(layers: Sequence[Layer], stored: Sequence[Stored]) -> dict[int, Stored]:
    """Returns the file's layers by their index in the table."""
    found = _look_up(
        [_normalize_name(layer.theirs) for layer in layers], _index_by_name(stored)
    )
    if len(found) == len(layers):
        return found
    by_path = {item.path: item for item in stored if item.path}
    others = (
        _look_up(list_paths(layers), by_path)
        if by_path
        else _match_by_order(layers, stored)
    )
    return max(found, others, key=len)


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
