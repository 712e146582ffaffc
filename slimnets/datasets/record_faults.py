"""What is wrong with a record, in one line that names its file and its number."""

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError

from slimnets import errors
from slimnets.config.reading import MAX_PIXELS
from slimnets.datasets import images, tfrecord
from slimnets.datasets.framing import DamagedRecord, SingleRecords

_OBJECTS = "image/object/"  # how the keys of object-detection records begin
_TFDS = frozenset({"image", "label"})  # the keys of TensorFlow Datasets' records
_MOST_KEYS = 5


def find_fault(
    files: Iterable[str],
    labels: Sequence[int] | None = None,
    *,
    compression: str = "",
    first: int = 0,
    most: int | None = None,
    max_pixels: int = MAX_PIXELS,
    multi_label: bool = False,
) -> str | None:
    """Looks through records, one by one, for the first broken one.

    Args:
      files: TFRecord files, in order.
      labels: those that are right, ascending; None: any are.
      compression: of the files, as `tfrecord.detect_compression` returns it.
      first: records to pass over, by their headers alone.
      most: records to look at; None: all that follow.
      max_pixels: that an image may have.
      multi_label: whether a record may have any number of labels.

    Returns:
      One line naming file, record (the first is 0) and reason; None: all is well.
    """
    describe = functools.partial(
        describe_record, labels=labels, max_pixels=max_pixels, multi_label=multi_label
    )
    for file in files:
        path = Path(file)
        if not path.is_file():
            return f"{path} does not exist"
        try:
            # TensorFlow itself takes a cut-off header for the end.
            count = tfrecord.count_records(path, compression)
        except errors.InputError as error:
            return str(error)
        begin = min(first, count)
        end = count if most is None else min(begin + most, count)
        records = _read_records(path, compression, begin, end)
        fault = _find_file_fault(path, describe, begin, records)
        if fault:
            return fault
        first -= begin
        most = None if most is None else most - (end - begin)
        if most == 0:
            return None
    return None


def find_record_fault(
    file: str,
    number: int,
    labels: Sequence[int] | None,
    *,
    compression: str = "",
    max_pixels: int = MAX_PIXELS,
    multi_label: bool = False,
    singles: SingleRecords | None = None,
) -> str | None:
    """Looks into one record, whatever is wrong with those before it.

    Args:
      file: its TFRecord file.
      number: its place there, from 0.
      labels: those that are right, ascending; None: any are.
      compression: of the file.
      max_pixels: that an image may have.
      multi_label: whether a record may have any number of labels.
      singles: reads it; saves time where several records of a file are looked into.

    Returns:
      One line naming file, record and reason; None: all is well.
    """
    path = Path(file)
    if not path.is_file():
        return f"{path} does not exist"
    describe = functools.partial(
        describe_record, labels=labels, max_pixels=max_pixels, multi_label=multi_label
    )
    records = (
        _read_records(path, compression, number, number + 1)
        if compression
        else _read_singles(singles or SingleRecords(), path, number, number + 1)
    )
    return _find_file_fault(path, describe, number, records)


def describe_record(
    serialized: bytes,
    labels: Sequence[int] | None,
    max_pixels: int = MAX_PIXELS,
    multi_label: bool = False,
) -> str | None:
    """Says why a record cannot be used; None if it can.

    Args:
      serialized: the record.
      labels: those that are right, ascending; None: any are.
      max_pixels: that its image may have.
      multi_label: whether it may have any number of labels.
    """
    try:
        feature = tf.train.Example.FromString(serialized).features.feature
    except DecodeError:
        return "not a tf.Example"
    features = dict(feature.items())  # looking a key up would add it
    encoded = features.get(tfrecord.ENCODED, tf.train.Feature()).bytes_list.value
    if len(encoded) != 1:
        return _describe_missing_image(features)
    return _find_label_fault(features, labels, multi_label) or _find_image_fault(
        encoded[0], features, max_pixels
    )


def _find_file_fault(
    path: Path,
    describe: Callable[[bytes], str | None],
    record: int,
    records: Iterator[bytes],
) -> str | None:
    """Returns a line for the first broken one of records, numbered from `record`."""
    try:
        for serialized in records:
            fault = describe(serialized)
            if fault:
                return f"{path}, record {record} (the first is 0): {fault}"
            record += 1
    except (tf.errors.OpError, UnicodeDecodeError):
        return f"{path}, record {record} (the first is 0): its checksum is wrong"
    except DamagedRecord as error:
        return f"{path}, record {record} (the first is 0): {error}"
    return None


def _read_records(
    path: Path, compression: str, begin: int, end: int
) -> Iterator[bytes]:
    if begin and not compression:  # seeking
        return _read_singles(SingleRecords(), path, begin, end)
    records = tfrecord.read_records([str(path)], compression)
    return iter(records.skip(begin).take(end - begin).as_numpy_iterator())


def _read_singles(
    singles: SingleRecords, path: Path, begin: int, end: int
) -> Iterator[bytes]:
    for number in range(begin, end):
        yield singles.read(str(path), number)


def _describe_missing_image(features: dict[str, tf.train.Feature]) -> str:
    held = features.get(tfrecord.ENCODED)
    if held is not None:
        kind = held.WhichOneof("kind") or "nothing"
        return (
            f"{tfrecord.ENCODED} holds {kind.removesuffix('_list')} values, not one"
            " image file's bytes"
        )
    if features.keys() >= _TFDS:
        return (
            f"it has no {tfrecord.ENCODED} but image and label: a record of TensorFlow"
            " Datasets; write its images to class folders for `slimnets convert`"
        )
    keys = ", ".join(sorted(features)[:_MOST_KEYS]) or "no key at all"
    return f"it has no {tfrecord.ENCODED}, but {errors.printable(keys)}"


def _find_label_fault(
    features: dict[str, tf.train.Feature],
    labels: Sequence[int] | None,
    multi_label: bool,
) -> str | None:
    held = features.get(tfrecord.LABEL, tf.train.Feature())
    if labels is None:
        return None
    kind = (held.WhichOneof("kind") or "int64_list").removesuffix("_list")
    if kind != "int64":
        return f"{tfrecord.LABEL} holds {kind} values, where an int64 should be"
    stored = held.int64_list.value
    if not stored and any(key.startswith(_OBJECTS) for key in features):
        return (
            f"it has no {tfrecord.LABEL} but boxes ({_OBJECTS}...): a record for object"
            " detection, not for classification"
        )
    if len(stored) != 1 and not multi_label:
        return f"{tfrecord.LABEL} holds {len(stored)} values, not one"
    wrong = [label for label in stored if label not in labels]
    if not wrong:
        return None
    if labels and labels[0] < wrong[0] < labels[-1]:
        return f"label {wrong[0]} is of no class that the network was trained on"
    return (
        f"label {wrong[0]} is outside the {len(labels)} classes"
        f" {labels[0]} to {labels[-1]}"
    )


def _find_image_fault(
    encoded: bytes, features: dict[str, tf.train.Feature], max_pixels: int
) -> str | None:
    try:
        images.decode(encoded, max_pixels=max_pixels)
    except ValueError as error:
        stated = features.get(tfrecord.FORMAT, tf.train.Feature()).bytes_list.value
        if images.detect_format(encoded) is None and stated:
            name = errors.printable(os.fsdecode(stated[0]))
            return f"{error}, though {tfrecord.FORMAT} says {name!r}"
        return str(error)
    return None
