"""The names of a split's images, read from its records."""

import os
from collections.abc import Iterator

import tensorflow as tf

from slimnets.datasets import record_order, tfrecord
from slimnets.datasets.registry import Dataset

_RECORDS_AT_ONCE = 256


def read(dataset: Dataset) -> Iterator[str]:
    """Yields the name of each image that can be read, in order; no image is decoded.

    Args:
      dataset: any split; elements of one's own have no names.
    """
    if dataset.elements is not None:
        return
    names = record_order.read_once(dataset, skips=True).map(
        _take_name, num_parallel_calls=tf.data.AUTOTUNE
    )
    for some in names.ignore_errors().batch(_RECORDS_AT_ONCE).as_numpy_iterator():
        yield from map(os.fsdecode, some.tolist())


def _take_name(_: tf.Tensor, serialized: tf.Tensor) -> tf.Tensor:
    return tfrecord.parse_example(serialized, ("filename",))["filename"]
