"""What a stored record, or an element, holds: an image to decode, classes, a name."""

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimnets.config.reading import MAX_PIXELS
from slimnets.datasets import elements, labels, tfrecord
from slimnets.datasets.registry import Dataset
from slimnets.preprocessing.encoded import Encoded


@dataclasses.dataclass(frozen=True)
class Decoding:
    """How images are decoded.

    Attributes:
      channels: 1 for gray, 3 for RGB; None: as the dataset stores them, of image files
        3.
      upright: turn photos as their cameras noted; False takes pixels as stored.
      max_pixels: an image that has more is bad data.
    """

    channels: int | None = None
    upright: bool = True
    max_pixels: int = MAX_PIXELS


def make_parser(
    dataset: Dataset, decoding: Decoding, labels_offset: int
) -> Callable[[Any], dict[str, Any]]:
    """Returns the function from a record, or element, to image, label and filename.

    Args:
      dataset: whose records they are.
      decoding: of the images, which recipes decode: they may need but a part.
      labels_offset: as of `labels.make_label`.
    """
    channels = decoding.channels or dataset.channels
    how = channels, decoding.upright, decoding.max_pixels
    stored = "labels" if dataset.multi_label else "label"

    def parse_record(serialized: tf.Tensor) -> dict[str, Any]:
        parsed = tfrecord.parse_example(serialized, ("encoded", stored, "filename"))
        return {
            "image": Encoded(parsed["encoded"], *how),
            "label": labels.make_label(parsed[stored], dataset, labels_offset),
            "filename": parsed["filename"],
        }

    def parse_element(pair: tuple[tf.Tensor, tf.Tensor]) -> dict[str, Any]:
        image, label = pair
        classes = elements.list_classes(label)
        return {
            "image": elements.take_image(image, *how),
            "label": labels.make_label(classes, dataset, labels_offset),
            "filename": tf.constant(""),
        }

    return parse_record if dataset.elements is None else parse_element


def read_image(path: tf.Tensor, decoding: Decoding) -> Encoded:
    """Returns the image of a file, string [], to decode."""
    contents, channels = tf.io.read_file(path), decoding.channels or 3
    return Encoded(contents, channels, decoding.upright, decoding.max_pixels)
