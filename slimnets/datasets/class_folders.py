"""Finds the photos of a folder that has one subfolder a class.

Two layouts: `images/<class>/...`, to be split by content, or `images/train/<class>/...`
beside `images/validation/<class>/...` or `images/test/<class>/...`, split already.
"""

import collections
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from slimnets import errors
from slimnets.datasets import images as image_files
from slimnets.datasets import metadata

_SPLIT_FOLDERS = {
    "train": "train",
    "validation": "validation",
    "val": "validation",
    "test": "test",
}


class Photo(NamedTuple):
    """A file found in a class folder; `split` is None where content decides it."""

    path: Path
    split: str | None
    label: int


class Found(NamedTuple):
    """What a folder holds: class names by id, files, (path, reason) of stray photos."""

    classes: tuple[str, ...]
    photos: list[Photo]
    astray: list[tuple[Path, str]]


def find(images: Path, labels: Path | None) -> Found:
    """Lists every file of every class folder; none of them is decoded yet.

    Args:
      images: the folder of class folders, or of split folders of class folders.
      labels: a file of `id:name` lines that fixes the class ids; None: the sorted
        folder names are numbered.

    Raises:
      InputError: no class folders, an empty one, or one that `labels` does not name.
    """
    folders = _folders_by_split(images)
    if labels:
        classes = metadata.read_labels(labels)
        label_of = _label_finder(classes, labels)
    else:
        classes = _folder_names(folders)
        label_of = classes.index
    photos = [
        Photo(path, split, label_of(folder.name))
        for split, paths in folders.items()
        for folder in paths
        for path in _class_files(folder)
    ]
    parents = {images, *(paths[0].parent for paths in folders.values())}
    return Found(classes, photos, _astray(sorted(parents)))


def _folders_by_split(images: Path) -> dict[str | None, list[Path]]:
    """Returns the class folders of each split; split None where content decides."""
    folders = _subfolders(images)
    if not folders:
        raise errors.InputError(
            f"{images} has no class folders; put the photos into {images}/<class>/"
        )
    inner = {folder: _subfolders(folder) for folder in folders}
    if not all(folder.name in _SPLIT_FOLDERS and inner[folder] for folder in folders):
        return {None: folders}
    splits: dict[str | None, list[Path]] = {}
    for folder in folders:
        split = _SPLIT_FOLDERS[folder.name]
        if split in splits:
            raise errors.InputError(f"{images} has both val/ and validation/; keep one")
        splits[split] = inner[folder]
    return splits


def _subfolders(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    )


def _folder_names(folders: dict[str | None, list[Path]]) -> tuple[str, ...]:
    """Returns the sorted class names; a class only held out is a slip of naming."""
    names = {split: {path.name for path in paths} for split, paths in folders.items()}
    known = sorted(names.get("train") or set().union(*names.values()))
    for split, found in names.items():
        for name in sorted(found.difference(known)):
            raise errors.unknown(f"class in {split}/, not in train/:", name, known)
    return tuple(known)


def _label_finder(classes: Sequence[str], labels: Path) -> Callable[[str], int]:
    """Returns the function from a folder's name to its class id."""
    ids = collections.defaultdict(list)
    for label, name in enumerate(classes):
        ids[name].append(label)

    def label_of(name: str) -> int:
        if len(ids[name]) != 1:
            given = f"to {ids[name]}" if ids[name] else "to no id"
            raise errors.InputError(
                f"{labels} gives the class folder's name {name!r} {given}; it has to"
                " have one line `id:name`"
            )
        return ids[name][0]

    return label_of


def _class_files(folder: Path) -> list[Path]:
    files = sorted(_visible_files(folder))
    if not files:
        raise errors.InputError(
            f"the class folder {folder} is empty; fill it or remove it"
        )
    return files


def _visible_files(folder: Path) -> Iterator[Path]:
    for parent, subfolders, files in os.walk(folder):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in files:
            if not name.startswith("."):
                yield Path(parent, name)


def _astray(folders: list[Path]) -> list[tuple[Path, str]]:
    """Lists the photos that lie beside class folders; a README there is no fault."""
    return [
        (path, "a photo beside the class folders, not in one")
        for folder in folders
        for path in sorted(folder.iterdir())
        if path.is_file() and image_files.image_format(_first_bytes(path))
    ]


def _first_bytes(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(16)
