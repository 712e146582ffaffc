"""Test-time augmentation: the logits of an image from those of its views."""

import math
from collections.abc import Callable

import tensorflow as tf

Activation = Callable[[tf.Tensor], tf.Tensor]


def join(logits: tf.Tensor, activation: Activation) -> tf.Tensor:
    """Returns logits whose probabilities are the means of those of the views.

    Args:
      logits: float [batch, views, classes].
      activation: what makes probabilities of logits, tf.nn.softmax or tf.nn.sigmoid.

    Returns:
      float32 [batch, classes], finite wherever all logits are: the mean is taken of
      logarithms, where no probability is too small for float32.
    """
    logits = tf.cast(logits, tf.float32)
    if activation is tf.nn.sigmoid:
        return _average(tf.math.log_sigmoid(logits)) - _average(
            tf.math.log_sigmoid(-logits)
        )
    return _average(tf.nn.log_softmax(logits))


def _average(logarithms: tf.Tensor) -> tf.Tensor:
    """Returns the logarithm of the mean over the views."""
    count = logarithms.shape[1]
    return tf.reduce_logsumexp(logarithms, axis=1) - math.log(count)
