"""Gradient accumulation: a batch in equal parts, one after another.

Only one part's activations are in memory at a time; the gradients are summed up, and so
are those of the batch at once but for rounding.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from slimnets import errors
from slimnets.config.train import TrainConfig
from slimnets.training.losses import Losses


class Pass(NamedTuple):
    """What a forward and a backward pass give; those of a batch's parts sum up.

    Attributes:
      losses: shares of the batch's.
      right: images with their class on top, float32.
      gradients: one for each trained variable; None where the loss does not depend on
        it.
    """

    losses: Losses
    right: tf.Tensor
    gradients: list[tf.Tensor | tf.IndexedSlices | None]


# f(images, labels, part) -> its pass; `part` counts from 0, int64 [].
ComputePass = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], Pass]


def check(config: TrainConfig, replicas: int) -> None:
    """Raises an InputError if the parts of a batch cannot be what they have to be.

    Args:
      config: all settings.
      replicas: over which a batch is divided first.
    """
    parts, size = config.gradients.num_microbatches, config.data.known_batch_size
    if parts == 1:
        return
    if size % (replicas * parts):
        among = f" of {replicas} replicas" if replicas > 1 else ""
        raise errors.InputError(
            f"--batch_size={size} cannot be divided into --num_microbatches={parts}"
            f" parts{among}; give a multiple of {replicas * parts}"
        )
    if replicas > 1 and config.run.sync_batch_norm:
        raise errors.InputError(
            "--sync_batch_norm takes all images of a step at once, and"
            f" --num_microbatches={parts} has them one part after another; give one of"
            " them"
        )


def sum_passes(
    compute: ComputePass,
    images: tf.Tensor,
    labels: tf.Tensor,
    parts: int,
    trained: Sequence[tf.Variable],
) -> Pass:
    """Returns the sum of the passes over a batch's parts; inside of a `tf.function`.

    Args:
      compute: the pass over a part.
      images: float [batch, height, width, channels]; `parts` divides the batch.
      labels: [batch] or [batch, classes].
      parts: how many.
      trained: the variables, float32, that there are gradients of.
    """
    image_parts, label_parts = (
        tf.reshape(each, [parts, each.shape[0] // parts, *each.shape[1:]])
        for each in (images, labels)
    )
    without_gradient: set[int] = set()

    def add(part: tf.Tensor, sums: Pass) -> tuple[tf.Tensor, Pass]:
        now = compute(image_parts[part], label_parts[part], part)
        gradients = []
        for i, gradient in enumerate(now.gradients):
            if gradient is None:
                without_gradient.add(i)
                gradient = tf.zeros_like(sums.gradients[i])
            gradients.append(tf.convert_to_tensor(gradient))
        added = now._replace(gradients=gradients)
        return part + 1, tf.nest.map_structure(tf.add, sums, added)

    zero = tf.zeros([])
    start = Pass(
        Losses(*[zero] * len(Losses._fields)),
        zero,
        [tf.zeros(variable.shape) for variable in trained],
    )
    _, total = tf.while_loop(
        lambda part, _: part < parts,
        add,
        (tf.constant(0, tf.int64), start),
        parallel_iterations=1,  # more would hold the activations of more parts
    )
    gradients = [
        None if i in without_gradient else gradient
        for i, gradient in enumerate(total.gradients)
    ]
    return total._replace(gradients=gradients)
