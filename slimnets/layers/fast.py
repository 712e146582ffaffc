"""The library's fast ways of computing, for graphs that are built as in TF-Slim.

A `slimnets.Model` takes them by itself. A program that calls builders and runs a
session asks for them, and its graph stays TF-Slim's where it does not:

    with slim.fast_layers(is_training=True, precision=tf.bfloat16):
        logits, _ = mobilenet_v1.mobilenet_v1(tf.cast(images, tf.bfloat16), 5)
    loss = slim.losses.softmax_cross_entropy(tf.cast(logits, tf.float32), labels)
"""

import contextlib
import dataclasses
from collections.abc import Iterator

import tensorflow as tf

from slimnets import hardware
from slimnets.layers import computation
from slimnets.layers.folding import Folding


class FoldedBatchNorms:
    """The kernels into which batch norm is folded; none of them is saved."""

    def __init__(self, folding: Folding):
        """Takes what the layers fold."""
        self._folding = folding

    @property
    def count(self) -> int:
        """How many batch norms are folded."""
        return self._folding.count

    def refresh(self, session: tf.compat.v1.Session | None = None) -> None:
        """Folds the variables as they are now.

        Call it after they are restored, and whenever they change; before the first
        call, the folded kernels have no values.

        Args:
          session: that has the variables; None outside a v1 graph.
        """
        updates = self._folding.refresh()
        if session is not None:
            session.run(updates)


@contextlib.contextmanager
def fast_layers(
    is_training: bool,
    precision: tf.DType = tf.float32,
    fold_batch_norm: bool = False,
) -> Iterator[FoldedBatchNorms]:
    """Lets the layers called inside compute in the fastest ways measured here.

    Variables keep their names, and those of `slim.conv2d` and its like are float32
    whatever the precision. Ops keep the names by which programs look for them; a
    convolution over all of its input becomes a matrix product, whose op `Conv2D` is of
    the type Reshape.

    Args:
      is_training: whether gradients of the weights will be asked for.
      precision: the type of the images, which the layers compute in: float32, bfloat16
        or float16. Cast the images to it, and the logits back to float32.
      fold_batch_norm: compute batch norm, where its is_training is False, in the
        convolution before it; only without training.

    Yields:
      What is folded: call its `refresh(session)` after the variables were restored.

    Raises:
      ValueError: batch norm is to be folded in training.
    """
    if is_training and fold_batch_norm:
        raise ValueError("batch norm cannot be folded where it is trained")
    folding = Folding()
    way = computation.choose_fastest(is_training, precision, hardware.detect())
    if fold_batch_norm:
        way = dataclasses.replace(way, folding=folding.start_call())
    with computation.computing(way):
        yield FoldedBatchNorms(folding)
