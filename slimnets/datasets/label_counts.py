"""How many images of each class a split has, counted from its records."""

import numpy as np
import tensorflow as tf

from slimnets.datasets import elements, failures, record_order, tfrecord
from slimnets.datasets.registry import Dataset

_RECORDS_AT_ONCE = 1024


def count_labels(dataset: Dataset, *, skips: bool = False) -> tuple[int, ...]:
    """Returns the number of images of each class, by class id.

    One of several classes counts in each.

    It reads all files once, and decodes no image.

    Args:
      dataset: the split to count.
      skips: whether bad records are passed over.

    Raises:
      InputError: a record cannot be read; it names file and number.
    """
    counts = np.zeros(dataset.num_classes, np.int64)
    try:
        for labels in _read_labels(dataset, skips):
            np.add.at(counts, _find_classes(labels.flat_values.numpy(), dataset), 1)
    except failures.FAILURES as error:
        raise failures.describe(error, dataset) from error
    return tuple(counts.tolist())


def _read_labels(dataset: Dataset, skips: bool) -> tf.data.Dataset:
    """Returns the labels as they are stored, ragged int64 [up to 1024, labels]."""
    take = _take_labels if dataset.elements is None else _take_labels_of_element
    records = record_order.read_once(dataset, skips)
    labels = records.map(take, num_parallel_calls=tf.data.AUTOTUNE)
    return (labels.ignore_errors() if skips else labels).ragged_batch(_RECORDS_AT_ONCE)


def _take_labels(_: tf.Tensor, serialized: tf.Tensor) -> tf.Tensor:
    return tfrecord.parse_example(serialized, ("labels",))["labels"]


def _take_labels_of_element(
    _: tf.Tensor, pair: tuple[tf.Tensor, tf.Tensor]
) -> tf.Tensor:
    return tf.reshape(elements.list_classes(pair[1]), [-1])


def _find_classes(labels: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Returns the classes of those labels that are of one."""
    if dataset.classes_by_label is not None:
        known = labels[(labels >= 0) & (labels < len(dataset.classes_by_label))]
        labels = np.asarray(dataset.classes_by_label)[known]
    return labels[(labels >= 0) & (labels < dataset.num_classes)]
