"""A folder of photos, one subfolder a class, becomes TFRecords."""

import collections
import functools
import hashlib
import itertools
import os
import re
import time
from collections.abc import (
    Callable,
    Collection,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from slimnets import errors
from slimnets.config.reading import MAX_PIXELS
from slimnets.datasets import class_folders, metadata, tfrecord
from slimnets.datasets import images as image_files
from slimnets.datasets.class_folders import Photo
from slimnets.datasets.writer import DatasetWriter, Report
from slimnets.preprocessing import exif
from slimnets.preprocessing.encoded import Encoded

# Photos handed to Python at once: one by one costs more than decoding them.
_BATCH = 64

# Of 255: the brightest pixel of a photo that uses 13 of its 16 bits or fewer.
_DARK = 32


class _Checked(NamedTuple):
    """A file after it was read and decoded once; `reason` says why it is broken."""

    photo: Photo
    digest: bytes = b""
    height: int = 0
    width: int = 0
    kept: str = ""  # "jpg" or "png": stored byte for byte; "": re-encoded
    brightest: int = 255  # of its pixels, where it has 16 bits
    reason: str = ""


def convert(
    images: Path,
    output: Path,
    name: str,
    *,
    validation_fraction: float = 0.1,
    shards: int = 5,
    labels: Path | None = None,
    layout: str = "auto",
    upright: bool = True,
    max_pixels: int = MAX_PIXELS,
    workers: int | None = None,
    overwrite: bool = False,
) -> Report:
    """Converts a folder of photos.

    A photo's split and place follow from the SHA-256 of its bytes alone: adding,
    removing or renaming photos moves no other, and copies of one photo stay on one
    side. JPEG and PNG files are stored byte for byte; what else TensorFlow decodes
    (BMP, GIF, WebP, JPEG XL, CMYK JPEG), and photos that a camera held sideways, are
    stored as PNG, which loses nothing.

    Args:
      images: the folder of class folders, or of split folders of class folders.
      output: the folder to write.
      name: of the dataset, the beginning of the files' names.
      validation_fraction: share of the photos put into "validation", in [0, 1]:
        0 puts all into "train", 1 all into "validation" (a set to evaluate on). Not
        used where there are split folders.
      shards: files a split.
      labels: a file of `id:name` lines that fixes the class ids; the folders' names
        have to be among its names. None: the sorted folder names are numbered.
      layout: as class_folders.find's: which of two readings is meant.
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
    _check_arguments(images, output, name, validation_fraction, shards, workers)
    found = class_folders.find(images, labels, layout)
    sidecar = metadata.Sidecar(name=name, classes=found.classes, channels=3)
    with DatasetWriter(output, sidecar, overwrite=overwrite) as writer:
        decoding = (upright, max_pixels)
        checked = _check(found.photos, workers, *decoding)
        _require_every_class(found.classes, checked)
        splits = _split(checked, validation_fraction)
        for split, items in splits.items():
            records = _read_records(items, images, split, *decoding)
            writer.write_split(split, records, examples=len(items), shards=shards)
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
            *_note_copies(splits),
            *_notes_on_dark_photos(checked),
        ),
    )


def is_held_out(digest: bytes, fraction: float) -> bool:
    """Whether content with this SHA-256 belongs to the held-out share."""
    return int.from_bytes(digest[:8], "big") < fraction * 2**64


def _check_arguments(
    images: Path,
    output: Path,
    name: str,
    validation_fraction: float,
    shards: int,
    workers: int | None,
) -> None:
    if not images.is_dir():
        raise errors.InputError(
            f"no folder {images}; give one that holds class folders"
        )
    if output.resolve().is_relative_to(images.resolve()):
        raise errors.InputError(
            f"the output {output} lies inside the images {images}, where it would be"
            " taken for a class; choose another"
        )
    if not 0 <= validation_fraction <= 1:
        raise errors.InputError(
            f"validation_fraction is {validation_fraction}; it has to be from 0 to 1"
        )
    if not 1 <= shards <= 99999:
        raise errors.InputError(f"shards is {shards}; it has to be from 1 to 99999")
    if workers is not None and workers < 1:
        raise errors.InputError(f"workers is {workers}; it has to be at least 1")
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise errors.InputError(
            f"the name {name!r} cannot begin a file's name; use letters, digits, -, _"
        )


def _check(
    photos: Sequence[Photo], workers: int | None, upright: bool, max_pixels: int
) -> list[_Checked]:
    """Decodes every photo once.

    tf.data does it: two cores decode 9,500 photos of 128x128 a second in batches, 3,300
    one by one. Threads that call the decoder keep one core busy: a call holds the GIL.
    """
    readable = [index for index, photo in enumerate(photos) if not photo.fault]
    paths = tf.data.Dataset.zip(
        tf.data.Dataset.from_tensor_slices(np.array(readable, np.int64)),
        _make_path_dataset(photos[index] for index in readable),
    )
    decode = functools.partial(_decode, upright, max_pixels)
    decoded = paths.map(decode, workers or tf.data.AUTOTUNE).ignore_errors()
    sound = {}
    with tqdm(total=len(photos), desc="checking", unit="photo", disable=None) as bar:
        for batch in decoded.batch(_BATCH).prefetch(1).as_numpy_iterator():
            for photo in itertools.starmap(_Decoded, zip(*batch, strict=True)):
                sound[photo.index] = _Checked(
                    photos[photo.index],
                    hashlib.sha256(photo.encoded).digest(),
                    int(photo.height),
                    int(photo.width),
                    _choose_stored_format(photo),
                    brightest=int(photo.brightest),
                )
            bar.update(batch[0][-1] + 1 - bar.n)
    return [
        sound.get(index) or _explain_broken(photo, max_pixels)
        for index, photo in enumerate(photos)
    ]


class _Decoded(NamedTuple):
    """What decoding a photo told, in TensorFlow's types, a batch of them or one."""

    index: tf.Tensor
    encoded: tf.Tensor
    height: tf.Tensor
    width: tf.Tensor
    jpeg_channels: tf.Tensor  # as stored; 0 of other formats
    turned: tf.Tensor  # whether it is stored otherwise than it is to be seen
    brightest: tf.Tensor  # of 255, of a PNG of 16 bits; 255 of others


def _decode(
    upright: bool, max_pixels: int, index: tf.Tensor, path: tf.Tensor
) -> _Decoded:
    encoded = tf.io.read_file(path)
    image = Encoded(encoded, 3, upright, max_pixels).whole()
    height, width = tf.unstack(tf.shape(image)[:2])
    jpeg_channels = tf.cond(
        tf.strings.substr(encoded, 0, 2) == b"\xff\xd8",
        lambda: tf.image.extract_jpeg_shape(encoded)[2],
        lambda: 0,
    )
    turned = exif.orientation_of(encoded) != exif.UPRIGHT
    brightest = tf.cond(
        image_files.is_png_of_16_bits(encoded),
        lambda: tf.cast(tf.reduce_max(image), tf.int32),
        lambda: 255,
    )
    return _Decoded(
        index, encoded, height, width, jpeg_channels, turned & upright, brightest
    )


def _choose_stored_format(decoded: _Decoded) -> str:
    if image_files.detect_format(decoded.encoded) == "png":
        return "png"
    # TensorFlow decodes CMYK to RGB, though not to gray; so it is stored as RGB.
    as_it_is = decoded.jpeg_channels in (1, 3) and not decoded.turned
    return "jpg" if as_it_is else ""


def _make_path_dataset(photos: Iterable[Photo]) -> tf.data.Dataset:
    paths = [os.fsencode(photo.path) for photo in photos]
    return tf.data.Dataset.from_tensor_slices(
        tf.constant(paths, tf.string, [len(paths)])
    )


def _explain_broken(photo: Photo, max_pixels: int) -> _Checked:
    """Finds out why a photo did not decode."""
    if photo.fault:
        return _Checked(photo, reason=photo.fault)
    try:
        image_files.decode(image_files.read_file(photo.path), max_pixels=max_pixels)
    except OSError as error:
        return _Checked(photo, reason=f"cannot be read: {error.strerror}")
    except ValueError as error:
        return _Checked(photo, reason=str(error))
    return _Checked(photo, reason="could not be read at first; run it again")


def _split(
    checked: Iterable[_Checked], validation_fraction: float
) -> dict[str, list[_Checked]]:
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


def _require_every_class(classes: Sequence[str], checked: Iterable[_Checked]) -> None:
    reasons = {item.photo.label: item for item in checked if item.reason}
    sound = {item.photo.label for item in checked if not item.reason}
    for label in sorted(reasons.keys() - sound):
        item = reasons[label]
        raise errors.InputError(
            f"no photo of the class {classes[label]!r} can be used; {item.photo.path}:"
            f" {item.reason}"
        )


def _note_copies(splits: Mapping[str, Sequence[_Checked]]) -> Iterator[str]:
    """Says how many photos stand, byte for byte, in several splits or classes."""
    copies = collections.defaultdict(list)
    for split, items in splits.items():
        for item in items:
            copies[item.digest].append((split, item))
    by_split = _find_in_several(copies.values(), lambda split, item: split)
    if by_split:
        yield (
            f"photos in more than one split: {len(by_split):,}; evaluation will score"
            f" what was trained on, such as {_format_pair(by_split[0])}"
        )
    by_class = _find_in_several(copies.values(), lambda split, item: item.photo.label)
    if by_class:
        yield (
            f"photos in more than one class: {len(by_class):,}; not all of their labels"
            f" can be right, such as {_format_pair(by_class[0])}"
        )


def _notes_on_dark_photos(checked: Iterable[_Checked]) -> Iterator[str]:
    """Says how many photos of 16 bits come out nearly black in 8 bits."""
    dark = [item for item in checked if item.brightest < _DARK]
    if dark:
        yield (
            f"photos of 16 bits that use few of them: {len(dark):,}; in 8 bits they are"
            f" nearly black, such as {errors.printable(str(dark[0].photo.path))}, whose"
            f" brightest pixel is {dark[0].brightest} of 255: stretch their values to"
            " 0 to 65535 first"
        )


def _find_in_several(
    copies: Iterable[Sequence[tuple[str, _Checked]]],
    place: Callable[[str, _Checked], Hashable],
) -> list[list[_Checked]]:
    """Returns, of each photo that has copies in several places, one of each."""
    of_each_place = [
        list({place(split, item): item for split, item in found}.values())
        for found in copies
    ]
    return [items for items in of_each_place if len(items) > 1]


def _format_pair(items: Sequence[_Checked]) -> str:
    return " and ".join(errors.printable(str(item.photo.path)) for item in items[:2])


def _count_by_class(
    items: Iterable[_Checked], classes: Sequence[str]
) -> dict[str, int]:
    counts = collections.Counter(item.photo.label for item in items)
    return {classes[label]: counts[label] for label in sorted(counts)}


def _read_records(
    items: Sequence[_Checked],
    images: Path,
    split: str,
    upright: bool,
    max_pixels: int,
) -> Iterator[bytes]:
    """Yields the records of one split; filenames are relative to `images`."""
    files = _make_path_dataset(item.photo for item in items).map(
        tf.io.read_file, tf.data.AUTOTUNE
    )
    batches = files.batch(_BATCH).prefetch(1).as_numpy_iterator()
    title = f"writing {split}"
    try:
        with tqdm(total=len(items), desc=title, unit="photo", disable=None) as bar:
            encoded = itertools.chain.from_iterable(batches)
            for item, content in zip(items, encoded, strict=True):
                yield _make_record(item, content, images, upright, max_pixels)
                bar.update()
    except tf.errors.OpError as error:
        raise errors.InputError(
            f"a photo vanished or changed during the conversion: {error.message}"
        ) from error


def _make_record(
    item: _Checked, encoded: bytes, images: Path, upright: bool, max_pixels: int
) -> bytes:
    if not item.kept:
        pixels = image_files.decode(encoded, upright, max_pixels)
        encoded = tf.io.encode_png(pixels).numpy()
    return tfrecord.make_example(
        encoded,
        item.kept or "png",
        item.photo.label,
        item.height,
        item.width,
        item.photo.path.relative_to(images).as_posix(),
    )
