"""What training minimizes: cross entropy, an auxiliary head's, and regularization."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

AUXILIARY_WEIGHT = 0.4  # of the auxiliary head's loss, as in TF-Slim


class Losses(NamedTuple):
    """One replica's part of the loss, float32 scalars that sum up over the replicas.

    Attributes:
      total: what to differentiate: the sum of the others.
      classification: cross entropy of the logits.
      auxiliary: weighted cross entropy of the auxiliary head; 0 without one.
      regularization: of the weights.
    """

    total: tf.Tensor
    classification: tf.Tensor
    auxiliary: tf.Tensor
    regularization: tf.Tensor


def softmax_cross_entropy(
    logits: tf.Tensor, labels: tf.Tensor, label_smoothing: float = 0.0
) -> tf.Tensor:
    """Returns the cross entropy of each example, in nats.

    Args:
      logits: float [batch, classes]; half precision is computed in float32.
      labels: integer [batch], in [0, classes).
      label_smoothing: in [0, 1], the share of the target that is spread evenly over
        all classes (arXiv:1512.00567, section 7).

    Returns:
      float32 [batch].
    """
    logits = tf.cast(logits, tf.float32)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    if label_smoothing:
        even = -tf.reduce_mean(tf.nn.log_softmax(logits), axis=-1)
        loss = (1.0 - label_smoothing) * loss + label_smoothing * even
    return loss


def compute(
    logits: tf.Tensor,
    end_points: Mapping[str, tf.Tensor],
    labels: tf.Tensor,
    regularization_losses: Sequence[tf.Tensor],
    *,
    global_batch_size: int,
    num_replicas: int = 1,
    label_smoothing: float = 0.0,
) -> Losses:
    """Returns one replica's part of the loss.

    Summed over the replicas it is the mean over the global batch plus the
    regularization loss, once: so summed gradients are those of one device with the
    whole batch.

    Args:
      logits: float [replica's batch, classes].
      end_points: of the network; the head is `AuxLogits`, [replica's batch, classes].
      labels: integer [replica's batch], in [0, classes).
      regularization_losses: float32 scalars, the same on each replica.
      global_batch_size: examples in a step over all replicas.
      num_replicas: over which a step is distributed.
      label_smoothing: in [0, 1]; also of the auxiliary head.
    """

    def share(logits: tf.Tensor) -> tf.Tensor:
        loss = softmax_cross_entropy(logits, labels, label_smoothing)
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
