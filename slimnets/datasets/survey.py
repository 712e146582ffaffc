"""What a split holds: every record is read and decoded once."""

import collections
import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from slimnets.config.reading import MAX_PIXELS
from slimnets.datasets import failures, record_order, tfrecord
from slimnets.datasets import images as image_files
from slimnets.datasets.left_out import LeftOut
from slimnets.datasets.registry import Dataset
from slimnets.datasets.salvage import Salvage
from slimnets.preprocessing.encoded import Encoded

_JPEG_MODES = {1: "gray", 3: "RGB", 4: "CMYK"}
_PNG_MODES = {0: "gray", 2: "RGB", 3: "palette", 4: "gray with alpha", 6: "RGBA"}
_PNG_DEPTH, _PNG_COLOUR = 24, 25  # where they stand in the file


class Image(NamedTuple):
    """An image of a split that was read.

    Attributes:
      number: in the order of the files, from 0.
      labels: its classes.
      digest: SHA-256 of the file.
    """

    number: int
    labels: tuple[int, ...]
    digest: bytes


@dataclasses.dataclass
class Survey:
    """What a split holds.

    Attributes:
      dataset: the split.
      images: those that can be used, in order.
      heights: of each, in pixels.
      widths: of each, in pixels.
      modes: how many images have each format and colour mode, such as "jpeg RGB".
      total_bytes: of the image files.
      broken: a line for each record that cannot be used: which it is, and why.
    """

    dataset: Dataset
    images: list[Image] = dataclasses.field(default_factory=list)
    heights: list[int] = dataclasses.field(default_factory=list)
    widths: list[int] = dataclasses.field(default_factory=list)
    modes: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter
    )
    total_bytes: int = 0
    broken: list[str] = dataclasses.field(default_factory=list)

    def count_classes(self) -> np.ndarray:
        """Returns how many images each class has, int64 [classes]."""
        labels = [label for image in self.images for label in image.labels]
        return np.bincount(
            np.array(labels, np.int64), minlength=self.dataset.num_classes
        )


def survey(dataset: Dataset, max_pixels: int = MAX_PIXELS) -> Survey:
    """Reads and decodes every record of a split.

    Args:
      dataset: the split, found with `skips`.
      max_pixels: an image that has more is broken.
    """
    result = Survey(dataset)
    describe = failures.describe_left_out(dataset, max_pixels=max_pixels)
    left_out = LeftOut(range(dataset.num_examples), describe, None)
    title = f"reading {dataset.split}"
    with tqdm(
        total=dataset.num_examples, desc=title, unit="image", disable=None
    ) as bar:
        for number, encoded, labels, height, width in _read(dataset, max_pixels):
            left_out.note([number])
            digest = hashlib.sha256(encoded).digest()
            result.images.append(Image(int(number), tuple(labels.tolist()), digest))
            result.heights.append(int(height))
            result.widths.append(int(width))
            result.modes[describe_mode(encoded)] += 1
            result.total_bytes += len(encoded)
            bar.update()
    left_out.finish()
    result.broken = left_out.lines
    return result


def read_images(dataset: Dataset, numbers: list[int]) -> Iterator[np.ndarray]:
    """Yields images of a split, uint8 [height, width, 3], by their numbers, rising."""
    wanted = tf.constant(numbers, tf.int64)
    records = record_order.read_once(dataset, skips=True).filter(
        lambda number, _: tf.reduce_any(number == wanted)
    )
    salvage = Salvage(dataset)
    for number, record in records:
        encoded = tfrecord.parse_example(salvage.find(number, record), ["encoded"])
        yield image_files.decode(encoded["encoded"].numpy())


def describe_mode(encoded: bytes) -> str:
    """Returns an image file's format and how its colours are stored: "jpeg RGB"."""
    kind = image_files.detect_format(encoded) or "other"
    if kind == "jpeg":
        channels = image_files.count_stored_channels(encoded)
        return f"jpeg {_JPEG_MODES.get(channels, f'{channels} channels')}"
    if kind == "png":
        mode = _PNG_MODES.get(encoded[_PNG_COLOUR], "other")
        return f"png {mode}{', 16 bits' if encoded[_PNG_DEPTH] == 16 else ''}"
    return kind


def _read(dataset: Dataset, max_pixels: int) -> Iterator[Any]:
    """Yields number, file, labels, height and width of what can be used."""
    salvage = Salvage(dataset)
    stored = "labels" if dataset.multi_label else "label"

    @tf.autograph.experimental.do_not_convert
    def look(number: tf.Tensor, record: tf.Tensor) -> tuple[tf.Tensor, ...]:
        record = salvage.find(number, record)
        parsed = tfrecord.parse_example(record, ["encoded", stored])
        labels = tf.reshape(parsed[stored], [-1])
        are_classes = tf.reduce_all((labels >= 0) & (labels < dataset.num_classes))
        with tf.control_dependencies([tf.debugging.Assert(are_classes, [labels])]):
            encoded = tf.identity(parsed["encoded"])
        shape = tf.shape(Encoded(encoded, 3, True, max_pixels).whole())
        return number, encoded, labels, shape[0], shape[1]

    records = record_order.read_once(dataset, skips=True)
    return records.map(look, tf.data.AUTOTUNE).ignore_errors().as_numpy_iterator()
