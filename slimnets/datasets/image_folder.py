"""Photos in class folders, or of a list, become TFRecords."""

import collections
import dataclasses
import itertools
import re
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import tensorflow as tf
from tqdm import tqdm

from slimnets import errors
from slimnets.config.reading import MAX_PIXELS
from slimnets.datasets import (
    class_folders,
    imagenet_layout,
    manifest,
    metadata,
    photo_checks,
    photo_contents,
    photo_notes,
    tfrecord,
)
from slimnets.datasets import images as image_files
from slimnets.datasets.photo_checks import Checked
from slimnets.datasets.photos import Found
from slimnets.datasets.writer import DatasetWriter, Report

_SHARDS = 5  # files a split


def convert(
    images: Path,
    output: Path,
    name: str,
    *,
    validation_fraction: float = 0.1,
    shards: int | None = None,
    labels: Path | None = None,
    layout: str = "auto",
    upright: bool = True,
    max_pixels: int = MAX_PIXELS,
    workers: int | None = None,
    overwrite: bool = False,
) -> Report:
    """Converts photos.

    A photo's split and place follow from the SHA-256 of its bytes alone: adding,
    removing or renaming photos moves no other, and copies of one photo stay on one
    side. JPEG and PNG files are stored byte for byte; what else TensorFlow decodes
    (BMP, GIF, WebP, JPEG XL, CMYK JPEG), and photos that a camera held sideways, are
    stored as PNG, which loses nothing.

    Args:
      images: the folder of class folders, or of split folders of class folders; or a
        list of photos, as manifest.read takes it.
      output: the folder to write.
      name: of the dataset, the beginning of the files' names.
      validation_fraction: share of the photos put into "validation", in [0, 1]:
        0 puts all into "train", 1 all into "validation" (a set to evaluate on). Not
        used where the photos come in splits.
      shards: files a split; None makes 5, of ImageNet 1024 and 128 as TF-Slim's script.
      labels: a file of `id:name` lines that fixes the class ids; the folders' names
        have to be among its names. None: the sorted folder names are numbered.
      layout: as class_folders.find's: which of two readings is meant; or 'imagenet',
        as imagenet_layout.find reads it, where `labels` are synsets.
      upright: store photos as they are to be seen, turned as their cameras noted;
        False stores their bytes and lets whoever reads them turn them or not.
      max_pixels: a photo that has more is left out.
      workers: photos decoded at once; None: as many as the cores bear.
      overwrite: whether a dataset already in `output` is replaced.

    Returns:
      The counts, and every file that was left out with the reason.

    Raises:
      InputError: of the folder, the labels, the output or a number.
    """
    start = time.monotonic()
    _check_arguments(name, validation_fraction, shards, workers)
    found = find(images, output, labels, layout)
    report = convert_found(
        found,
        output,
        name,
        validation_fraction=validation_fraction,
        shards=shards,
        upright=upright,
        max_pixels=max_pixels,
        workers=workers,
        overwrite=overwrite,
    )
    return dataclasses.replace(report, seconds=time.monotonic() - start)


def convert_found(
    found: Found,
    output: Path,
    name: str,
    *,
    validation_fraction: float = 0.1,
    shards: int | None = None,
    upright: bool = True,
    max_pixels: int = MAX_PIXELS,
    workers: int | None = None,
    overwrite: bool = False,
) -> Report:
    """Converts photos that were found; arguments and errors as of `convert`."""
    start = time.monotonic()
    sidecar = metadata.Sidecar(
        name=name, classes=found.classes, channels=3, multi_label=found.multi_label
    )
    with DatasetWriter(output, sidecar, overwrite=overwrite) as writer:
        decoding = (upright, max_pixels)
        checked = photo_checks.check(found.photos, workers, *decoding)
        _require_every_class(found.classes, checked)
        splits = _split(checked, validation_fraction)
        for split, items in splits.items():
            records = _read_records(items, split, *decoding)
            count = shards or found.shards.get(split, _SHARDS)
            writer.write_split(split, records, examples=len(items), shards=count)
    return Report(
        output=output,
        counts={
            split: _count_by_class(items, found.classes)
            for split, items in splits.items()
        },
        class_count=len(found.classes),
        broken=found.astray + [(c.photo.path, c.reason) for c in checked if c.reason],
        seconds=time.monotonic() - start,
        notes=(
            *found.notes,
            *photo_notes.note_copies(splits),
            *photo_notes.note_dark_photos(checked),
        ),
        examples={split: len(items) for split, items in splits.items()},
    )


def find(
    images: Path, output: Path, labels: Path | None = None, layout: str = "auto"
) -> Found:
    """Finds the photos to convert; arguments and errors as of `convert`."""
    if layout == "imagenet":
        return imagenet_layout.find(images, labels)
    if manifest.is_manifest(images):
        if layout != "auto":
            raise errors.InputError(
                f"--layout={layout} says how to read a folder; {images} is a list"
            )
        return manifest.read(images, labels)
    if not images.is_dir():
        suffixes = ", ".join(manifest.SUFFIXES)
        raise errors.InputError(
            f"no folder {images}; give one that holds class folders, or a list of"
            f" photos that ends in {suffixes}"
        )
    if output.resolve().is_relative_to(images.resolve()):
        raise errors.InputError(
            f"the output {output} lies inside the images {images}, where it would be"
            " taken for a class; choose another"
        )
    return class_folders.find(images, labels, layout)


def is_held_out(digest: bytes, fraction: float) -> bool:
    """Whether content with this SHA-256 belongs to the held-out share."""
    return int.from_bytes(digest[:8], "big") < fraction * 2**64


def _check_arguments(
    name: str, validation_fraction: float, shards: int | None, workers: int | None
) -> None:
    if not 0 <= validation_fraction <= 1:
        raise errors.InputError(
            f"validation_fraction is {validation_fraction}; it has to be from 0 to 1"
        )
    if shards is not None and not 1 <= shards <= 99999:
        raise errors.InputError(f"shards is {shards}; it has to be from 1 to 99999")
    if workers is not None and workers < 1:
        raise errors.InputError(f"workers is {workers}; it has to be at least 1")
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise errors.InputError(
            f"the name {name!r} cannot begin a file's name; use letters, digits, -, _"
        )


def _split(
    checked: Iterable[Checked], validation_fraction: float
) -> dict[str, list[Checked]]:
    """Groups the sound photos by split, in the order of their digests: well mixed."""
    splits = collections.defaultdict(list)
    for item in checked:
        if not item.reason:
            held_out = is_held_out(item.digest, validation_fraction)
            by_content = "validation" if held_out else "train"
            splits[item.photo.split or by_content].append(item)
    for items in splits.values():
        items.sort(key=lambda item: (item.digest, item.photo.path))
    if all(item.photo.split is None for item in checked):
        _require_both_sides(splits.keys(), validation_fraction)
    return dict(sorted(splits.items()))


def _require_both_sides(splits: Collection[str], validation_fraction: float) -> None:
    shares = {"train": 1 - validation_fraction, "validation": validation_fraction}
    for split, share in shares.items():
        if share > 0 and split not in splits:
            raise errors.InputError(
                f"no photo fell into {split!r}: too few photos for validation_fraction"
                f" {validation_fraction}; change it, or split them by hand into"
                " train/<class>/ and validation/<class>/"
            )


def _require_every_class(classes: Sequence[str], checked: Iterable[Checked]) -> None:
    sound = {
        label for item in checked if not item.reason for label in item.photo.labels
    }
    reasons = {k: item for item in checked if item.reason for k in item.photo.labels}
    for label in sorted(reasons.keys() - sound):
        item = reasons[label]
        raise errors.InputError(
            f"no photo of the class {classes[label]!r} can be used; {item.photo.path}:"
            f" {item.reason}"
        )


def _count_by_class(items: Iterable[Checked], classes: Sequence[str]) -> dict[str, int]:
    counts = collections.Counter(label for item in items for label in item.photo.labels)
    return {classes[label]: counts[label] for label in sorted(counts)}


def _read_records(
    items: Sequence[Checked],
    split: str,
    upright: bool,
    max_pixels: int,
) -> Iterator[bytes]:
    """Yields the records of one split."""
    places = photo_contents.make_place_dataset(item.photo for item in items)
    files = places.map(photo_contents.read, tf.data.AUTOTUNE)
    batches = files.batch(photo_checks.BATCH).prefetch(1).as_numpy_iterator()
    title = f"writing {split}"
    try:
        with tqdm(total=len(items), desc=title, unit="photo", disable=None) as bar:
            encoded = itertools.chain.from_iterable(batches)
            for item, content in zip(items, encoded, strict=True):
                yield _make_record(item, content, upright, max_pixels)
                bar.update()
    except tf.errors.OpError as error:
        raise errors.InputError(
            f"a photo vanished or changed during the conversion: {error.message}"
        ) from error


def _make_record(
    item: Checked, encoded: bytes, upright: bool, max_pixels: int
) -> bytes:
    if not item.kept:
        pixels = image_files.decode(encoded, upright, max_pixels)
        encoded = tf.io.encode_png(pixels).numpy()
    return tfrecord.make_example(
        encoded,
        item.kept or "png",
        item.photo.labels,
        item.height,
        item.width,
        item.photo.name,
    )
