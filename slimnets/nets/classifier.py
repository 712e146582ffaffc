"""How a convolutional network ends: mean, dropout, a 1x1 convolution, softmax."""

import tensorflow as tf

from slimnets import slim
from slimnets.nets import spatial


def add_classifier(
    net: tf.Tensor,
    end_points: dict[str, tf.Tensor],
    num_classes: int | None,
    dropout_keep_prob: float,
    global_pool: bool,
    spatial_squeeze: bool,
) -> tf.Tensor:
    """Turns features into logits, in the variable scope around.

    Args:
      net: float [batch, height, width, depth].
      end_points: receives 'global_pool', 'PreLogits', 'Logits' and 'Predictions',
        those there are.
      num_classes: number of logits; None or 0 stops before them.
      dropout_keep_prob: the probability that a feature is kept, where the arg scope
        says that dropout trains.
      global_pool: average over height and width.
      spatial_squeeze: drop the logits' height and width, which must be 1.

    Returns:
      float logits [batch, num_classes], or [batch, height, width, num_classes]
      unsqueezed, or the features before them.

    Raises:
      InputError: the logits to squeeze are a map.
    """
    if global_pool:
        net = tf.reduce_mean(net, [1, 2], keepdims=True, name="global_pool")
        end_points["global_pool"] = net
    if not num_classes:
        return net
    net = slim.dropout(net, dropout_keep_prob, scope="Dropout")
    end_points["PreLogits"] = net
    net = slim.conv2d(
        net, num_classes, 1, activation_fn=None, normalizer_fn=None, scope="Logits"
    )
    if spatial_squeeze:
        net = spatial.squeeze_logits(net, "SpatialSqueeze")
    end_points["Logits"] = net
    end_points["Predictions"] = slim.softmax(net, scope="Predictions")
    return net
