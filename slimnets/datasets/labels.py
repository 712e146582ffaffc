"""Labels as a network has them, of labels as they are stored; in a pipeline."""

import tensorflow as tf

from slimnets.datasets.registry import Dataset


def make_label(stored: tf.Tensor, dataset: Dataset, labels_offset: int) -> tf.Tensor:
    """Returns a network's class, or float32 [classes], 1 for those that are true.

    Args:
      stored: int64 [], or [any number].
      dataset: whose labels these are.
      labels_offset: subtracted from them.
    """
    lowest, highest = max(labels_offset, 0), dataset.num_classes - 1
    label = _find_class(stored, dataset.classes_by_label)
    message = f"a label is not one of {lowest} to {highest}"
    in_range = tf.reduce_all((label >= lowest) & (label <= highest))
    with tf.control_dependencies([tf.debugging.Assert(in_range, [message, label])]):
        label = label - labels_offset
    if not dataset.multi_label:
        return label
    return _mark_classes(tf.reshape(label, [-1]), dataset.num_classes - labels_offset)


def _mark_classes(classes: tf.Tensor, num_classes: int) -> tf.Tensor:
    """Returns float32 [num_classes], 1 for those of `classes`, [any number]."""
    marks = tf.one_hot(classes, num_classes, on_value=True, off_value=False)
    return tf.cast(tf.reduce_any(marks, axis=0), tf.float32)


def _find_class(
    label: tf.Tensor, classes_by_label: tuple[int, ...] | None
) -> tf.Tensor:
    """Returns the class of a label, -1 where it is of none."""
    if classes_by_label is None:
        return label
    count = len(classes_by_label)
    classes = tf.constant([*classes_by_label, -1], tf.int64)
    known = (label >= 0) & (label < count)
    return tf.gather(classes, tf.where(known, label, count))
