"""What --dataset_dir may name: TFRecords, photos as they lie there, or a list of them.

Photos are converted as `slimnets convert` does it, once, into the user's cache. The
fingerprint is that of their names, sizes and times and of how they are read, so that
photos that were added, removed or edited are noticed.
"""

import contextlib
import dataclasses
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from slimnets import errors, user_cache
from slimnets.config.reading import MAX_PIXELS
from slimnets.datasets import (
    class_folders,
    folder_files,
    image_folder,
    manifest,
    metadata,
    registry,
    tfds_source,
    tfrecord,
    writer,
)
from slimnets.datasets.conversion_cache import Conversion, convert_once
from slimnets.datasets.photos import Found
from slimnets.datasets.registry import Dataset

# How settings name a dataset that was given from Python, which no path leads to.
FROM_PYTHON = "python:"

_FORM = 1  # of what is written: another one gives another fingerprint
_NOT_IN_NAMES = re.compile(r"^[^A-Za-z0-9]+|[^\w.-]", re.ASCII)


class Source(NamedTuple):
    """A dataset that is ready to be read.

    Attributes:
      folder: of its TFRecords; None for the digits inside the package.
      left_out: a line for each photo that could not be taken: which it is, and why.
    """

    folder: str | None
    left_out: tuple[str, ...] = ()

    def list_splits(self, name: str | None = None) -> list[str]:
        """Lists the splits; arguments as `registry.list_splits`'."""
        return registry.list_splits(self.folder, name)

    def get_dataset(
        self, split: str, name: str | None = None, *, skips: bool = False
    ) -> Dataset:
        """Returns a split; arguments and errors as `registry.get_dataset`'s."""
        dataset = registry.get_dataset(self.folder, split, name, skips=skips)
        return dataclasses.replace(dataset, left_out=self.left_out)


class PhotoReading(NamedTuple):
    """How photos are read: turned as their cameras noted or not, up to which size."""

    upright: bool = True
    max_pixels: int = MAX_PIXELS


def prepare(
    dataset_dir: str | None, log: Callable[[str], None], reading: PhotoReading
) -> Source:
    """Makes what --dataset_dir names ready to be read.

    Args:
      dataset_dir: a folder of TFRecords, or of photos in class folders or in split
        folders of these, or a list of photos; "tfds:NAME", a dataset of TensorFlow
        Datasets; None: the digits inside the package.
      log: gets the lines that tell of a conversion.
      reading: how photos are read.

    Raises:
      InputError: the photos cannot be read as classes, or the cache not be written.
    """
    if (dataset_dir or "").startswith(FROM_PYTHON):
        raise errors.InputError(
            f"what it was trained on, {dataset_dir}, was given from Python: name images"
            " with --dataset_dir"
        )
    if (dataset_dir or "").startswith(tfds_source.PREFIX):
        return Source(*convert_once(_plan_tfds(str(dataset_dir), reading), log))
    if dataset_dir is None or not _holds_photos(Path(dataset_dir)):
        return Source(dataset_dir)
    images = Path(dataset_dir).absolute()
    return Source(*convert_once(_plan_conversion(images, reading), log))


def make_absolute(dataset_dir: str | None) -> str | None:
    """Returns what still names the same dataset from another working directory."""
    if dataset_dir is None or dataset_dir.startswith(tfds_source.PREFIX):
        return dataset_dir
    return str(Path(dataset_dir).absolute())


def _holds_photos(source: Path) -> bool:
    """Whether a path is a list of photos, or holds classes and no TFRecords."""
    if not source.is_dir():
        return manifest.is_manifest(source)
    names = os.listdir(source)
    if metadata.SIDECAR_FILE in names or writer.UNFINISHED in names:
        return False
    if any(map(tfrecord.parse_shard_name, names)):
        return False
    inside = folder_files.list_subfolders(source)
    for folder in inside:
        if (folder / metadata.SIDECAR_FILE).exists():
            raise errors.InputError(
                f"{source} is no dataset, but {folder} is: give --dataset_dir={folder}"
            )
    return bool(inside)


def _plan_conversion(images: Path, reading: PhotoReading) -> Conversion:
    found = _find_photos(images)
    name = _NOT_IN_NAMES.sub("", images.stem) or "photos"
    return Conversion(
        source=str(images),
        name=name,
        fingerprint=_take_fingerprint(images, found, reading),
        size=f"{len(found.photos):,} photos of {len(found.classes):,} classes",
        write=lambda output: image_folder.convert_found(
            found,
            output,
            name,
            upright=reading.upright,
            max_pixels=reading.max_pixels,
            overwrite=True,
        ),
    )


def _plan_tfds(dataset_dir: str, reading: PhotoReading) -> Conversion:
    found = tfds_source.find(dataset_dir.removeprefix(tfds_source.PREFIX))
    facts = (_FORM, found.name, str(found.builder.data_dir), reading.max_pixels)
    return Conversion(
        source=dataset_dir,
        name=found.builder.name,
        fingerprint=hashlib.sha256(repr(facts).encode()).hexdigest(),
        size=f"{found.name} of TensorFlow Datasets",
        write=lambda output: tfds_source.write(found, output, reading.max_pixels),
    )


def _find_photos(images: Path) -> Found:
    try:
        return image_folder.find(images, user_cache.get_home())
    except class_folders.TwoReadings as error:
        raise errors.InputError(
            f"{error}; `slimnets convert` takes that flag, and --dataset_dir its output"
        ) from error


def _take_fingerprint(images: Path, found: Found, reading: PhotoReading) -> str:
    digest = hashlib.sha256(repr((_FORM, str(images), *reading)).encode())
    digest.update(repr((found.classes, found.astray)).encode())
    for photo in found.photos:
        what: list[Any] = [photo.name, photo.split, photo.labels, photo.fault]
        with contextlib.suppress(OSError):
            status = photo.path.stat()
            what += [status.st_size, status.st_mtime_ns]
        digest.update(repr(what).encode())
    return digest.hexdigest()
