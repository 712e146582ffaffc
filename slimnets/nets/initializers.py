"""Initializers that several families share."""

from collections.abc import Callable

import tensorflow as tf


def trunc_normal(stddev: float) -> Callable[..., tf.Tensor]:
    """Returns an initializer of mean 0 that redraws what exceeds two `stddev`."""
    return tf.compat.v1.truncated_normal_initializer(stddev=stddev)
