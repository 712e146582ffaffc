"""Fully connected layers as convolutions: fc6, fc7, fc8 of AlexNet to VGG.

fc6's kernel covers the features of an image of the size that training uses; larger
images give a map of logits, one for each place of that window (section 3.5 of
arXiv:1312.6229).
"""

import tensorflow as tf

from slimnets import slim
from slimnets.nets import spatial


def features(
    net: tf.Tensor,
    end_points: dict[str, tf.Tensor],
    depths: tuple[int, int],
    kernel_size: int,
    padding: str,
    is_training: bool | tf.Tensor,
    dropout_keep_prob: float,
    global_pool: bool,
) -> tf.Tensor:
    """Applies fc6 and fc7, with dropout between them.

    Args:
      net: float [batch, height, width, channels], pool5.
      end_points: receives '<scope>/fc6', '<scope>/fc7' and, if asked for,
        'global_pool'.
      depths: units of fc6 and of fc7.
      kernel_size: height and width of fc6's kernel.
      padding: of fc6, 'VALID' or 'SAME'.
      is_training: whether dropout drops.
      dropout_keep_prob: the probability that one of fc6's units is kept.
      global_pool: average fc7 over height and width, whatever they are.

    Returns:
      float [batch, rows, columns, depths[1]].
    """
    scope = tf.compat.v1.get_variable_scope().name
    fc6, fc7 = depths
    net = slim.conv2d(net, fc6, kernel_size, padding=padding, scope="fc6")
    end_points[f"{scope}/fc6"] = net
    net = slim.dropout(
        net, dropout_keep_prob, is_training=is_training, scope="dropout6"
    )
    net = end_points[f"{scope}/fc7"] = slim.conv2d(net, fc7, 1, scope="fc7")
    if global_pool:
        net = tf.reduce_mean(net, [1, 2], keepdims=True, name="global_pool")
        end_points["global_pool"] = net
    return net


def logits(
    net: tf.Tensor,
    end_points: dict[str, tf.Tensor],
    num_classes: int,
    is_training: bool | tf.Tensor,
    dropout_keep_prob: float,
    spatial_squeeze: bool,
) -> tf.Tensor:
    """Applies dropout and fc8.

    Args:
      net: float [batch, rows, columns, depth], what `features` returns.
      end_points: receives '<scope>/fc8'.
      num_classes: number of logits.
      is_training: whether dropout drops.
      dropout_keep_prob: the probability that one of fc7's units is kept.
      spatial_squeeze: drop the logits' height and width, which must be 1.

    Returns:
      float [batch, num_classes], or [batch, rows, columns, num_classes] unsqueezed.

    Raises:
      InputError: the logits to squeeze are a map.
    """
    net = slim.dropout(
        net, dropout_keep_prob, is_training=is_training, scope="dropout7"
    )
    net = slim.conv2d(
        net, num_classes, 1, activation_fn=None, normalizer_fn=None, scope="fc8"
    )
    if spatial_squeeze:
        net = spatial.squeeze_logits(net, "fc8/squeezed")
    end_points[f"{tf.compat.v1.get_variable_scope().name}/fc8"] = net
    return net
