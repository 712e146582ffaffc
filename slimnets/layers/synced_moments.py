"""Moments of a batch that several replicas share, for batch norm over all of them."""

from typing import Any, NamedTuple

import tensorflow as tf

from slimnets.layers import computation


class Moments(NamedTuple):
    """Moments of each channel.

    Attributes:
      mean: float32 [channels].
      variance: float32 [channels].
      count: float32 scalar, the values of a channel, or the sum of their weights.
    """

    mean: tf.Tensor
    variance: tf.Tensor
    count: tf.Tensor


def are_asked_for() -> bool:
    """Returns whether a layer is to take the moments of several replicas together."""
    context = tf.distribute.get_replica_context()
    return (
        computation.current().sync_batch_norm
        and context is not None
        and context.num_replicas_in_sync > 1
    )


def sync(moments: Moments) -> Moments:
    """Returns the moments of what all replicas have together, with their gradients.

    Args:
      moments: of this replica's values.
    """
    mean, variance, count = moments
    count_of_all, mean_of_all = _sum_over_replicas(count, count * mean)
    mean_of_all /= count_of_all
    spread = variance + tf.square(mean - mean_of_all)
    [variance_of_all] = _sum_over_replicas(count * spread)
    return Moments(mean_of_all, variance_of_all / count_of_all, count_of_all)


def _sum_over_replicas(*parts: tf.Tensor) -> list[tf.Tensor]:
    """Returns sums, whose gradients are the replicas' summed."""

    def add(*values: tf.Tensor) -> list[tf.Tensor]:
        context = tf.distribute.get_replica_context()
        # TensorFlow looks for variables behind each sum, through all replicas' layers
        # before it, unless something without a gradient lies between: of 53 layers the
        # first step took minutes.
        ends = [tf.stop_gradient(value) for value in values]
        return context.all_reduce(tf.distribute.ReduceOp.SUM, ends)

    @tf.custom_gradient
    def added(*values: tf.Tensor) -> tuple[list[tf.Tensor], Any]:
        return add(*values), add

    return added(*parts)
