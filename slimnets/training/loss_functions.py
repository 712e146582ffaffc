"""Losses of a batch's logits, one number an image.

Labels are class ids, int64 [batch], or targets, float32 [batch, classes]: shares of the
classes (mixed images), or 1 for each of several classes that an image is of.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from slimnets.config.loss import LossConfig

Weights = Sequence[float] | None
# f(config, float32 logits, labels, class weights) -> float32 [batch]
LossFunction = Callable[[LossConfig, tf.Tensor, tf.Tensor, Weights], tf.Tensor]

# Below it, a power's gradient would be infinite.
_LEAST_BASE = 1e-7


def make_targets(
    labels: tf.Tensor, num_classes: int, label_smoothing: float = 0.0
) -> tf.Tensor:
    """Returns labels as targets, float32 [batch, classes].

    Args:
      labels: integer [batch], or targets.
      num_classes: of the logits.
      label_smoothing: in [0, 1], the share of an image's targets that is spread evenly
        over all classes (arXiv:1512.00567, section 7). Their sum stays what it is.
    """
    targets = _as_targets(labels, num_classes)
    if label_smoothing:
        even = tf.reduce_mean(targets, axis=-1, keepdims=True)
        targets = (1.0 - label_smoothing) * targets + label_smoothing * even
    return targets


def softmax_cross_entropy(
    logits: tf.Tensor,
    labels: tf.Tensor,
    label_smoothing: float = 0.0,
    class_weights: Weights = None,
) -> tf.Tensor:
    """Returns the cross entropy of each image, in nats.

    Args:
      logits: float [batch, classes]; half precision is computed in float32.
      labels: integer [batch], in [0, classes); or targets.
      label_smoothing: in [0, 1].
      class_weights: [classes]: each multiplies its class's term, target * log(p).

    Returns:
      float32 [batch].
    """
    logits = tf.cast(logits, tf.float32)
    labels = tf.convert_to_tensor(labels)
    if labels.dtype.is_floating or class_weights is not None:
        targets = make_targets(labels, logits.shape[-1], label_smoothing)
        return _weighted_sum(targets, -tf.nn.log_softmax(logits), class_weights)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    if label_smoothing:
        even = -tf.reduce_mean(tf.nn.log_softmax(logits), axis=-1)
        loss = (1.0 - label_smoothing) * loss + label_smoothing * even
    return loss


def sigmoid_cross_entropy(
    logits: tf.Tensor,
    labels: tf.Tensor,
    label_smoothing: float = 0.0,
    class_weights: Weights = None,
) -> tf.Tensor:
    """Returns each image's cross entropy of every class against the rest, their mean.

    Args:
      logits: float [batch, classes]; half precision is computed in float32.
      labels: integer [batch], in [0, classes); or targets.
      label_smoothing: in [0, 1].
      class_weights: [classes]: each multiplies the term of its class being there,
        target * log(p), and not that of its being absent.

    Returns:
      float32 [batch].
    """
    return sigmoid_focal(logits, labels, 0.0, None, label_smoothing, class_weights)


def softmax_focal(
    logits: tf.Tensor,
    labels: tf.Tensor,
    gamma: float,
    label_smoothing: float = 0.0,
    class_weights: Weights = None,
) -> tf.Tensor:
    """Returns each image's focal loss: -target * (1 - p)^gamma * log(p), summed.

    See arXiv:1708.02002, section 3.2, for several classes.

    Args:
      logits: float [batch, classes]; half precision is computed in float32.
      labels: integer [batch], in [0, classes); or targets.
      gamma: >= 0; 0 gives softmax cross entropy.
      label_smoothing: in [0, 1].
      class_weights: [classes], the paper's alpha: each multiplies its class's term.

    Returns:
      float32 [batch].
    """
    logits = tf.cast(logits, tf.float32)
    targets = make_targets(labels, logits.shape[-1], label_smoothing)
    wrong = tf.maximum(1.0 - tf.nn.softmax(logits), _LEAST_BASE)
    terms = -tf.pow(wrong, gamma) * tf.nn.log_softmax(logits)
    return _weighted_sum(targets, terms, class_weights)


def sigmoid_focal(
    logits: tf.Tensor,
    labels: tf.Tensor,
    gamma: float,
    alpha: float | None = None,
    label_smoothing: float = 0.0,
    class_weights: Weights = None,
) -> tf.Tensor:
    """Returns each image's focal loss of every class against the rest, their mean.

    A class that is there has -alpha * (1 - p)^gamma * log(p), one that is not
    -(1 - alpha) * p^gamma * log(1 - p): arXiv:1708.02002, equation 5.

    Args:
      logits: float [batch, classes]; half precision is computed in float32.
      labels: integer [batch], in [0, classes); or targets.
      gamma: >= 0; 0 gives sigmoid cross entropy.
      alpha: in (0, 1); None leaves both factors out.
      label_smoothing: in [0, 1].
      class_weights: as of `sigmoid_cross_entropy`.

    Returns:
      float32 [batch].
    """
    logits = tf.cast(logits, tf.float32)
    targets = make_targets(labels, logits.shape[-1], label_smoothing)
    # -log(p) and -log(1 - p): exact where p itself would be rounded to 0 or 1.
    there, absent = tf.nn.softplus(-logits), tf.nn.softplus(logits)
    of_there, of_absent = there, absent
    if gamma:
        of_there *= tf.exp(-gamma * absent)
        of_absent *= tf.exp(-gamma * there)
    if alpha is not None:
        of_there, of_absent = alpha * of_there, (1.0 - alpha) * of_absent
    if class_weights is not None:
        of_there *= tf.constant(class_weights, tf.float32)
    return tf.reduce_mean(targets * of_there + (1.0 - targets) * of_absent, axis=-1)


def _as_targets(labels: tf.Tensor, num_classes: int) -> tf.Tensor:
    labels = tf.convert_to_tensor(labels)
    if labels.dtype.is_floating:
        return tf.cast(labels, tf.float32)
    return tf.one_hot(labels, num_classes, dtype=tf.float32)


def _weighted_sum(
    targets: tf.Tensor, terms: tf.Tensor, class_weights: Weights
) -> tf.Tensor:
    """Returns the sum over the classes of target * term * weight."""
    if class_weights is not None:
        targets *= tf.constant(class_weights, tf.float32)
    return tf.reduce_sum(targets * terms, axis=-1)


LOSSES: dict[str, LossFunction] = {
    "softmax": lambda config, logits, labels, weights: softmax_cross_entropy(
        logits, labels, config.label_smoothing, weights
    ),
    "sigmoid": lambda config, logits, labels, weights: sigmoid_cross_entropy(
        logits, labels, config.label_smoothing, weights
    ),
    "softmax_focal": lambda config, logits, labels, weights: softmax_focal(
        logits, labels, config.focal_gamma, config.label_smoothing, weights
    ),
    "sigmoid_focal": lambda config, logits, labels, weights: sigmoid_focal(
        logits,
        labels,
        config.focal_gamma,
        config.focal_alpha,
        config.label_smoothing,
        weights,
    ),
}
