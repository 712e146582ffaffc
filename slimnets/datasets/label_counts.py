"""The classes of a split's images, read from its records; how many each has."""

import numpy as np
import tensorflow as tf

from slimnets import errors
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


def read_classes(dataset: Dataset, skips: bool = False) -> np.ndarray:
    """Returns the class of each image, int64 [images], by its number.

    It reads all files once, and decodes no image.

    Args:
      dataset: of one label an image.
      skips: whether bad records are passed over; their class is -1.

    Raises:
      InputError: a record cannot be read, or images are not drawn by their numbers.
    """
    if dataset.multi_label or dataset.elements is not None:
        many = dataset.multi_label
        raise errors.InputError(
            f"--sample: the images of {dataset.name} have"
            f" {'any number of labels' if many else 'an order of their own'}, so they"
            " cannot be drawn by class; weigh the loss with --class_weights"
        )
    classes = np.full([dataset.num_examples], -1, np.int64)
    labels = record_order.read_once(dataset, skips).map(
        lambda number, record: (number, tfrecord.parse_example(record, ["label"])),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    labels = (labels.ignore_errors() if skips else labels).batch(_RECORDS_AT_ONCE)
    try:
        for number, parsed in labels.as_numpy_iterator():
            classes[number] = parsed["label"]
    except failures.FAILURES as error:
        raise failures.describe(error, dataset) from error
    classes[(classes < 0) | (classes >= dataset.num_classes)] = -1
    return classes


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
