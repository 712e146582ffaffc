"""The photos that a folder or a list of files holds, before any of them is read."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

# What people name the splits, in any case.
_SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}
SPLIT_OF_NAME = {name: split for split, names in _SPLITS.items() for name in names}
KNOWN_SPLITS = tuple(_SPLITS)


class Part(NamedTuple):
    """The bytes of an archive, from `offset` on, `size` of them, that are a photo."""

    archive: Path
    offset: int
    size: int


class Photo(NamedTuple):
    """A file that bears labels.

    Attributes:
      path: of the file; in an archive, the archive's and below it the photo's.
      name: that its record gets, such as "daisy/1.jpg".
      split: None where its content decides it.
      labels: its class ids, ascending; one, or any number where several may be true.
      fault: why it cannot be read, '' if it can.
      part: its place in an archive; None for a file.
    """

    path: Path
    name: str
    split: str | None
    labels: tuple[int, ...]
    fault: str = ""
    part: Part | None = None


class Found(NamedTuple):
    """What a folder or a list of files holds.

    Attributes:
      classes: names by id.
      photos: every file that has labels.
      astray: (path, reason) of photos that have none.
      notes: lines that say how the source was read, where that could surprise.
      multi_label: whether any number of classes may be true of a photo.
      shards: files that a split is to have, where its kind of dataset has a custom.
    """

    classes: tuple[str, ...]
    photos: list[Photo]
    astray: list[tuple[Path, str]]
    notes: list[str]
    multi_label: bool = False
    shards: Mapping[str, int] = MappingProxyType({})
