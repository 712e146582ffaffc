"""TFRecords of images: the schema, the names of shards, what is wrong with a file.

The keys and the names are those of TF-Slim's conversion scripts, so records move
both ways.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from google.protobuf.message import DecodeError

from slimnets import errors
from slimnets.datasets import images

ENCODED = "image/encoded"
FORMAT = "image/format"
LABEL = "image/class/label"
HEIGHT = "image/height"
WIDTH = "image/width"
FILENAME = "image/filename"

_NO_LABEL = -1
_SCHEMA = {
    ENCODED: tf.io.FixedLenFeature([], tf.string),
    FORMAT: tf.io.FixedLenFeature([], tf.string, default_value=""),
    LABEL: tf.io.FixedLenFeature([], tf.int64, default_value=_NO_LABEL),
    HEIGHT: tf.io.FixedLenFeature([], tf.int64, default_value=0),
    WIDTH: tf.io.FixedLenFeature([], tf.int64, default_value=0),
    FILENAME: tf.io.FixedLenFeature([], tf.string, default_value=""),
}

# Each record: uint64 length, uint32 checksum, the bytes, uint32 checksum.
_HEADER_BYTES = 12
_FRAME_BYTES = 16

_SHARD_NAME = re.compile(
    r"(?:(?P<name>.+)_)?(?P<split>[A-Za-z0-9]+)"
    r"(?P<before>\.tfrecord|\.record)?"
    r"(?:[-_](?P<index>\d{5})-of-(?P<count>\d{5}))?"
    r"(?P<after>\.tfrecord|\.record)?"
)


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
    `train-00000-of-01024` and `val.record-00000-of-00010`.
    """
    match = _SHARD_NAME.fullmatch(file)
    if not match or not (match["before"] or match["after"] or match["index"]):
        return None
    return ShardName(
        match["name"] or "",
        match["split"],
        int(match["index"] or 0),
        int(match["count"] or 1),
    )


def make_example(
    encoded: bytes,
    image_format: str,
    label: int,
    height: int,
    width: int,
    filename: str = "",
) -> bytes:
    """Returns one serialized tf.Example.

    Args:
      encoded: a JPEG or PNG file, byte for byte.
      image_format: "jpg" or "png".
      label: class id, from 0.
      height: in pixels.
      width: in pixels.
      filename: where the image came from; left out where empty.
    """
    features = {
        ENCODED: _bytes_feature(encoded),
        FORMAT: _bytes_feature(image_format.encode()),
        LABEL: _int64_feature(label),
        HEIGHT: _int64_feature(height),
        WIDTH: _int64_feature(width),
    }
    if filename:
        features[FILENAME] = _bytes_feature(os.fsencode(filename))
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)


def parse_example(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    """Parses one serialized tf.Example, of slimnets or of TF-Slim.

    Args:
      serialized: string [].

    Returns:
      Scalars by short name: encoded, format, filename (string), label, height, width
      (int64). Only image/encoded has to be there; a missing label is -1, a missing
      size 0, a missing text "".
    """
    parsed = tf.io.parse_single_example(serialized, _SCHEMA)
    return {
        "encoded": parsed[ENCODED],
        "format": parsed[FORMAT],
        "label": parsed[LABEL],
        "height": parsed[HEIGHT],
        "width": parsed[WIDTH],
        "filename": parsed[FILENAME],
    }


def count_records(path: Path) -> int:
    """Counts the records of a TFRecord by their length headers, reading nothing else.

    Raises:
      InputError: the file is missing, is cut off or is not a TFRecord.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            return _walk_headers(file.fileno(), path)
    except OSError as error:
        raise errors.InputError(f"cannot read {path}: {error.strerror}") from error


def read_first_images(path: Path, count: int) -> list[bytes]:
    """Returns the encoded images of the first records of a file, at most `count`.

    Raises:
      InputError: one of these records is broken.
    """
    records = tf.data.TFRecordDataset(str(path)).take(count)
    try:
        features = [
            tf.train.Example.FromString(serialized).features.feature
            for serialized in records.as_numpy_iterator()
        ]
        return [feature[ENCODED].bytes_list.value[0] for feature in features]
    except (tf.errors.OpError, DecodeError, IndexError) as error:
        fault = find_fault([str(path)], class_count=1 << 62)
        raise errors.InputError(fault or f"cannot read {path}: {error}") from error


def find_fault(
    files: Iterable[str], class_count: int, lowest_label: int = 0
) -> str | None:
    """Looks through every record for the first broken one; slow, for after a failure.

    Args:
      files: TFRecord files, in order.
      class_count: labels have to be below it.
      lowest_label: labels have to be at least it.

    Returns:
      One line naming file, record (the first is 0) and reason; None: all is well.
    """
    for file in files:
        fault = _find_file_fault(Path(file), range(lowest_label, class_count))
        if fault:
            return fault
    return None


def _bytes_feature(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _int64_feature(value: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))


def _walk_headers(descriptor: int, path: Path) -> int:
    size = os.fstat(descriptor).st_size
    position = count = 0
    while position < size:
        header = os.pread(descriptor, _HEADER_BYTES, position)
        position += _FRAME_BYTES + int.from_bytes(header[:8], "little")
        if len(header) < _HEADER_BYTES or position > size:
            raise errors.InputError(f"{path}{_describe_broken_record(path, count)}")
        count += 1
    return count


def _describe_broken_record(path: Path, record: int) -> str:
    """Says whether a file that does not end with a record ever was a TFRecord."""
    try:
        next(iter(tf.data.TFRecordDataset(str(path))), None)
    except tf.errors.DataLossError as error:
        if "corrupted record at 0" in error.message:
            return " is not a TFRecord, or its first bytes are damaged"
    return f" is cut off in record {record} (the first is 0); copy or convert it again"


def _find_file_fault(path: Path, labels: range) -> str | None:
    if not path.is_file():
        return f"{path} does not exist"
    try:
        count_records(path)  # TensorFlow itself takes a cut-off header for the end
    except errors.InputError as error:
        return str(error)
    record = 0
    try:
        for serialized in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            fault = _find_record_fault(serialized, labels)
            if fault:
                return f"{path}, record {record} (the first is 0): {fault}"
            record += 1
    except tf.errors.DataLossError:
        return f"{path}, record {record} (the first is 0): its checksum is wrong"
    return None


def _find_record_fault(serialized: bytes, labels: range) -> str | None:
    try:
        feature = tf.train.Example.FromString(serialized).features.feature
    except DecodeError:
        return "not a tf.Example"
    encoded = feature[ENCODED].bytes_list.value
    if len(encoded) != 1:
        return f"it has no {ENCODED}"
    stored = feature[LABEL].int64_list.value
    if len(stored) != 1:
        return f"{LABEL} holds {len(stored)} values, not one"
    if stored[0] not in labels:
        return (
            f"label {stored[0]} is outside the {len(labels)} classes"
            f" {labels.start} to {labels.stop - 1}"
        )
    try:
        images.decode(encoded[0])
    except ValueError as error:
        return str(error)
    return None
