"""Training batches whose images are mixed with each other, by a seed or at random."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimnets.datasets.record_order import Order

# Mixes the images of a batch with each other, and its labels: f(images, labels) gives
# the same two, the labels as float32 [batch, classes].
Mix = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]

_without_autograph = tf.autograph.experimental.do_not_convert


def mix_batches(
    batches: tf.data.Dataset,
    mix: Mix,
    order: Order,
    batch_size: int,
    replicas: int,
    num_parallel_calls: int,
) -> tf.data.Dataset:
    """Mixes each batch; a seed gives each one of all workers and steps its own draw.

    Args:
      batches: (images, labels) of this worker, for its replicas in turn.
      mix: draws its random numbers from slimnets.random_numbers.
      order: in which the examples came.
      batch_size: of each.
      replicas: of each worker.
      num_parallel_calls: batches mixed at once.
    """
    index, count = order.shard

    @_without_autograph
    def mix_numbered(number: tf.Tensor, batch: Any) -> tuple[tf.Tensor, tf.Tensor]:
        step, replica = number // replicas, number % replicas
        place = (step * count + index) * replicas + replica
        with order.keyed("mixing", place):
            return mix(*batch)

    numbered = batches.enumerate(order.taken // (batch_size * count))
    return numbered.map(
        mix_numbered, num_parallel_calls, deterministic=order.seed is not None
    )
