"""Moments of a batch that several replicas share, for batch norm over all of them."""

from typing import NamedTuple

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

    def total(part: tf.Tensor) -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, part)

    mean, variance, count = moments
    count_of_all = total(count)
    share = count / count_of_all
    mean_of_all = total(share * mean)
    variance_of_all = total(share * (variance + tf.square(mean - mean_of_all)))
    return Moments(mean_of_all, variance_of_all, count_of_all)
