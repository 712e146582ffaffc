"""Small pictures of single examples, read again by their numbers."""

from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from slimnets.datasets import elements, failures, images, record_order, tfrecord
from slimnets.datasets.framing import DamagedRecord, SingleRecords
from slimnets.datasets.registry import Dataset
from slimnets.preprocessing.encoded import Encoded

_QUALITY = 85  # of JPEG


def make_thumbnails(
    dataset: Dataset,
    numbers: Sequence[int],
    side: int,
    *,
    upright: bool,
    max_pixels: int,
) -> dict[int, bytes]:
    """Returns a JPEG of each example; one that cannot be read is left out.

    Args:
      dataset: the split they are of.
      numbers: theirs in the order of the files, from 0.
      side: the longer one of a picture, in pixels. A smaller image is enlarged a whole
        number of times, so that every pixel is seen as it is.
      upright: turn photos as their cameras noted.
      max_pixels: an image that has more is left out.
    """
    return _encode(_read_images(dataset, numbers, upright, max_pixels), side)


def make_thumbnails_of_files(
    paths: Sequence[str],
    numbers: Sequence[int],
    side: int,
    *,
    upright: bool,
    max_pixels: int,
) -> dict[int, bytes]:
    """Returns a JPEG of each image file; one that cannot be read is left out.

    Args:
      paths: of image files.
      numbers: the places in `paths` of those that are asked for.
      side: as of `make_thumbnails`, and what follows.
    """
    return _encode(_read_files(paths, numbers, upright, max_pixels), side)


def _encode(
    numbered: Iterator[tuple[int, tf.Tensor | Encoded]], side: int
) -> dict[int, bytes]:
    pictures = {}
    for number, image in numbered:
        try:
            whole = image.whole() if isinstance(image, Encoded) else image
            small = _resize(whole.numpy(), side)
        except failures.FAILURES:
            continue
        jpeg = tf.io.encode_jpeg(small, quality=_QUALITY)
        pictures[number] = jpeg.numpy()
    return pictures


def _read_files(
    paths: Sequence[str], numbers: Sequence[int], upright: bool, max_pixels: int
) -> Iterator[tuple[int, Encoded]]:
    for number in numbers:
        try:
            contents = images.read_file(paths[number])
            yield number, Encoded(contents, 3, upright, max_pixels)
        except (OSError, ValueError, tf.errors.OpError):
            continue


def _read_images(
    dataset: Dataset, numbers: Sequence[int], upright: bool, max_pixels: int
) -> Iterator[tuple[int, tf.Tensor | Encoded]]:
    if dataset.elements is not None:
        wanted = tf.constant(list(numbers), tf.int64)
        every = elements.read(dataset, repeats=False)
        for number, (image, _) in every.filter(lambda k, _: tf.reduce_any(k == wanted)):
            yield int(number), elements.take_image(image, 3, upright, max_pixels)
        return
    for number, record in _read_records(dataset, numbers):
        try:
            contents = tfrecord.parse_example(record, ("encoded",))["encoded"]
            yield number, Encoded(contents, 3, upright, max_pixels)
        except failures.FAILURES:
            continue


def _read_records(
    dataset: Dataset, numbers: Sequence[int]
) -> Iterator[tuple[int, bytes]]:
    """Yields records by number; packed files are read from their beginning."""
    if dataset.compression:
        wanted = tf.constant(list(numbers), tf.int64)
        every = record_order.read_once(dataset)
        for number, record in every.filter(lambda k, _: tf.reduce_any(k == wanted)):
            yield int(number), record.numpy()
        return
    singles = SingleRecords()
    for number in numbers:
        try:
            yield number, singles.read(*dataset.locate(number))
        except DamagedRecord:
            continue


def _resize(image: np.ndarray, side: int) -> tf.Tensor:
    """Returns uint8 [height, width, 3], the longer side about `side`."""
    longest = max(image.shape[:2])
    if longest <= side:
        times = side // longest
        return tf.constant(image.repeat(times, axis=0).repeat(times, axis=1))
    size = [max(1, round(length * side / longest)) for length in image.shape[:2]]
    small = tf.image.resize(image, size, method=tf.image.ResizeMethod.AREA)
    return tf.cast(tf.round(small), tf.uint8)
