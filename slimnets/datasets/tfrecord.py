"""TFRecords of images: the schema, the names of shards, how many a file holds.

The keys and the names are those of TF-Slim's conversion scripts, so records move
both ways.
"""

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.datasets import framing

ENCODED = "image/encoded"
FORMAT = "image/format"
LABEL = "image/class/label"
HEIGHT = "image/height"
WIDTH = "image/width"
FILENAME = "image/filename"

_NO_LABEL = -1
_SCHEMA: dict[str, tuple[str, Any]] = {
    "encoded": (ENCODED, tf.io.FixedLenFeature([], tf.string)),
    "format": (FORMAT, tf.io.FixedLenFeature([], tf.string, default_value="")),
    "label": (LABEL, tf.io.FixedLenFeature([], tf.int64, default_value=_NO_LABEL)),
    "labels": (LABEL, tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True)),
    "height": (HEIGHT, tf.io.FixedLenFeature([], tf.int64, default_value=0)),
    "width": (WIDTH, tf.io.FixedLenFeature([], tf.int64, default_value=0)),
    "filename": (FILENAME, tf.io.FixedLenFeature([], tf.string, default_value="")),
}

_SCALARS = ("encoded", "format", "label", "height", "width", "filename")

_GZIP = b"\x1f\x8b"
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")

_SUFFIX = r"\.tfrecords?|\.records?"
_SHARD_NAME = re.compile(
    rf"(?P<stem>.+?)(?P<before>{_SUFFIX})?"
    r"(?:[-_](?P<index>\d{5})-of-(?P<count>\d{5}))?"
    rf"(?P<after>{_SUFFIX})?",
    re.IGNORECASE,
)
_STEM = re.compile(r"(?:(?P<name>.+)[-_])?(?P<split>[A-Za-z0-9]+)")


class ShardName(NamedTuple):
    """What the name of a TFRecord file says; `name` is "" in ImageNet's own shards."""

    name: str
    split: str
    number: int
    total: int


def format_shard_name(name: str, split: str, index: int, count: int) -> str:
    """Returns `flowers_train_00000-of-00005.tfrecord` for shard 0 of 5."""
    return f"{name}_{split}_{index:05d}-of-{count:05d}.tfrecord"


def parse_shard_name(file: str) -> ShardName | None:
    """Reads the names that slimnets and TF-Slim's scripts write; None: another file.

    They are `flowers_train_00000-of-00005.tfrecord`, `mnist_train.tfrecord`,
    `train-00000-of-01024` and `val.record-00000-of-00010`; and as TensorFlow Datasets
    writes them, `mnist-train.tfrecord-00000-of-00001`.
    """
    match = _SHARD_NAME.fullmatch(file)
    if not match or not (match["before"] or match["after"] or match["index"]):
        return None
    stem = _STEM.fullmatch(match["stem"])
    if not stem:
        return None
    return ShardName(
        stem["name"] or "",
        stem["split"],
        int(match["index"] or 0),
        int(match["count"] or 1),
    )


def make_example(
    encoded: bytes,
    image_format: str,
    label: int | Sequence[int],
    height: int,
    width: int,
    filename: str = "",
) -> bytes:
    """Returns one serialized tf.Example.

    Args:
      encoded: a JPEG or PNG file, byte for byte.
      image_format: "jpg" or "png".
      label: class id, from 0; or all that are true of the image, ascending.
      height: in pixels.
      width: in pixels.
      filename: where the image came from; left out where empty.
    """
    features = {
        ENCODED: _bytes_feature(encoded),
        FORMAT: _bytes_feature(image_format.encode()),
        LABEL: _int64_feature(*([label] if isinstance(label, int) else label)),
        HEIGHT: _int64_feature(height),
        WIDTH: _int64_feature(width),
    }
    if filename:
        features[FILENAME] = _bytes_feature(os.fsencode(filename))
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)


def parse_example(
    serialized: tf.Tensor, names: Sequence[str] = _SCALARS
) -> dict[str, tf.Tensor]:
    """Parses one serialized tf.Example, of slimnets or of TF-Slim.

    Args:
      serialized: string [].
      names: which of those below; others may be missing or of any type.

    Returns:
      Scalars by short name: encoded, format, filename (string), label, height, width
      (int64); and labels, int64 [any number], of an image that may have several. Only
      image/encoded has to be there; a missing label is -1, a missing size 0, a missing
      text "".
    """
    wanted = {name: _SCHEMA[name] for name in names}
    parsed = tf.io.parse_single_example(serialized, dict(wanted.values()))
    return {name: parsed[key] for name, (key, _) in wanted.items()}


def read_records(files: Sequence[str], compression: str = "") -> tf.data.Dataset:
    """Returns the records of files, one file after the other."""
    return tf.data.TFRecordDataset([*map(os.fsencode, files)], compression)


def sample_records(
    files: Sequence[Path], counts: Sequence[int], most: int, compression: str = ""
) -> list[bytes]:
    """Returns up to `most` records, from all over the files.

    Args:
      files: the files; where one is damaged, records before that are taken.
      counts: of the records in each.
      most: how many to return.
      compression: of the files.
    """
    step = max(1, -(-sum(counts) // most))
    if compression:
        records = read_records([*map(str, files)], compression).shard(step, 0)
        return list(records.as_numpy_iterator())
    sampled, first = [], 0
    for path, count in zip(files, counts, strict=True):
        sampled += _pick_records(path, range(first, count, step))
        first = (first - count) % step
    return sampled


def detect_compression(path: Path) -> str:
    """Returns "GZIP", "ZLIB" or "": how TensorFlow's writer packed a file.

    Raises:
      InputError: it cannot be read, or is no file.
    """
    if not path.is_file():
        raise errors.InputError(f"{path} is not a file")
    try:
        with open(path, "rb") as file:
            header = file.read(framing.HEADER_BYTES)
    except OSError as error:
        raise errors.InputError(f"cannot read {path}: {error.strerror}") from error
    # A length may begin as a packed file does; its checksum tells them apart.
    if framing.is_header(header):
        return ""
    if header.startswith(_GZIP):
        return "GZIP"
    return "ZLIB" if header.startswith(_ZLIB) else ""


def count_records(path: Path, compression: str = "") -> int:
    """Counts the records of a TFRecord, by their headers alone if it is not compressed.

    Raises:
      InputError: the file is missing, is cut off or is not a TFRecord.
    """
    if compression:
        return _count_packed_records(path, compression)
    try:
        with open(path, "rb", buffering=0) as file:
            return sum(1 for _ in framing.walk_headers(file.fileno(), path))
    except OSError as error:
        raise errors.InputError(f"cannot read {path}: {error.strerror}") from error


def count_around_damage(path: Path) -> int:
    """Counts the records of a file that is not compressed, damaged or not.

    A record whose length is damaged, or in which the file is cut off, is the last.

    Raises:
      InputError: the file is missing or is not a TFRecord.
    """
    try:
        return count_records(path)
    except errors.InputError:
        sound = len(framing.find_starts(path)) - 1 if path.is_file() else 0
        if not sound:
            raise
        return sound + 1


def _bytes_feature(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _int64_feature(*values: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _pick_records(path: Path, chosen: range) -> list[bytes]:
    """Returns a file's records of these numbers, seeking from one to the next."""
    picked, begin = [], 0
    with (
        contextlib.suppress(errors.InputError),
        open(path, "rb", buffering=0) as file,
    ):
        for record, end in enumerate(framing.walk_headers(file.fileno(), path)):
            if record in chosen:
                size = end - begin - framing.FRAME_BYTES
                picked.append(
                    os.pread(file.fileno(), size, begin + framing.HEADER_BYTES)
                )
            begin = end
    return picked


def _count_packed_records(path: Path, compression: str) -> int:
    records = read_records([str(path)], compression)
    try:
        return int(records.reduce(np.int64(0), lambda count, _: count + 1))
    except tf.errors.OpError as error:
        raise errors.InputError(
            f"{path}, packed by {compression}, cannot be read to its end:"
            f" {errors.summarize(error)}; copy or convert it again"
        ) from error
