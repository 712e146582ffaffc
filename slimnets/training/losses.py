"""What training minimizes: losses of the logits and an auxiliary head, and L2 terms."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from slimnets.config.loss import LossConfig
from slimnets.training.loss_functions import LOSSES, Weights

AUXILIARY_WEIGHT = 0.4  # of the auxiliary head's loss, as in TF-Slim


class Losses(NamedTuple):
    """One replica's part of the loss, float32 scalars that sum up over the replicas.

    Attributes:
      total: what to differentiate: the sum of the others.
      classification: of the logits.
      auxiliary: weighted one of the auxiliary head; 0 without one.
      regularization: of the weights.
    """

    total: tf.Tensor
    classification: tf.Tensor
    auxiliary: tf.Tensor
    regularization: tf.Tensor


def compute(
    config: LossConfig,
    logits: tf.Tensor,
    end_points: Mapping[str, tf.Tensor],
    labels: tf.Tensor,
    regularization_losses: Sequence[tf.Tensor],
    *,
    global_batch_size: int,
    num_replicas: int = 1,
    class_weights: Weights = None,
) -> Losses:
    """Returns one replica's part of the loss.

    Summed over the replicas it is the mean over the global batch plus the
    regularization loss, once: so summed gradients are those of one device with the
    whole batch.

    Args:
      config: which loss; also of the auxiliary head.
      logits: float [replica's batch, classes].
      end_points: of the network; the head is `AuxLogits`, [replica's batch, classes].
      labels: integer [replica's batch], in [0, classes); or targets, float32 [replica's
        batch, classes], see `loss_functions`.
      regularization_losses: float32 scalars, the same on each replica.
      global_batch_size: examples in a step over all replicas.
      num_replicas: over which a step is distributed.
      class_weights: [classes]; None for none.
    """
    loss_of = LOSSES[config.loss]

    def share(logits: tf.Tensor) -> tf.Tensor:
        loss = loss_of(config, logits, labels, class_weights)
        return tf.reduce_sum(loss) / global_batch_size

    classification = share(logits)
    auxiliary = tf.constant(0.0)
    if "AuxLogits" in end_points:
        auxiliary = AUXILIARY_WEIGHT * share(end_points["AuxLogits"])
    regularization = sum(regularization_losses, tf.constant(0.0)) / num_replicas
    return Losses(
        total=classification + auxiliary + regularization,
        classification=classification,
        auxiliary=auxiliary,
        regularization=regularization,
    )


def count_right(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns how many images have their class on top, a float32 scalar.

    Args:
      logits: float [batch, classes].
      labels: integer [batch]; or targets, float [batch, classes], of which the largest
        are right: of an image of several classes any of these.
    """
    top = tf.argmax(logits, axis=-1)
    if labels.dtype.is_floating:
        most = tf.reduce_max(labels, axis=-1)
        right = (tf.gather(labels, top, batch_dims=1) >= most) & (most > 0)
    else:
        right = tf.equal(top, labels)
    return tf.reduce_sum(tf.cast(right, tf.float32))
