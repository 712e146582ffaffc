"""What Inception networks have in common besides modules: arg scope and heads.

Inception v1 to v3 end in a 1x1 convolution over pooled features and so give maps of
logits for large images; v4 and Inception-ResNet-v2 pool all of the features and end in
a fully connected layer.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim
from slimnets.nets import spatial


def inception_arg_scope(
    weight_decay: float = 0.00004,
    use_batch_norm: bool = True,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    activation_fn: Callable | None = tf.nn.relu,
    batch_norm_updates_collections: Any = tf.compat.v1.GraphKeys.UPDATE_OPS,
    batch_norm_scale: bool = False,
) -> dict[str, Any]:
    """Returns the defaults of Inception v1 to v4, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers, >= 0.
      use_batch_norm: False leaves it out and gives convolutions biases.
      batch_norm_decay: of the moving averages, in [0, 1].
      batch_norm_epsilon: added to the variance.
      activation_fn: of convolutions.
      batch_norm_updates_collections: as batch_norm's updates_collections.
      batch_norm_scale: give batch norm a `gamma`; relu makes it needless.
    """
    batch_norm_params = {
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "updates_collections": batch_norm_updates_collections,
        "fused": None,
        "scale": batch_norm_scale,
    }
    with (
        slim.arg_scope(
            [slim.conv2d, slim.fully_connected],
            weights_regularizer=slim.l2_regularizer(weight_decay),
        ),
        slim.arg_scope(
            [slim.conv2d],
            weights_initializer=slim.variance_scaling_initializer(),
            activation_fn=activation_fn,
            normalizer_fn=slim.batch_norm if use_batch_norm else None,
            normalizer_params=batch_norm_params if use_batch_norm else {},
        ) as defaults,
    ):
        return defaults


class Head(NamedTuple):
    """The classifier of Inception v1, v2 or v3: its window and published names."""

    window: int  # height and width that the last module has at the default image size
    stride: int  # of the window
    pool: str  # scope of the pooling, without its size
    pool_end_point: str
    dropout: str
    logits: str
    pre_logits_end_point: str | None = None  # what dropout leaves; None for none
    predictions: str = "Predictions"


def classified(
    net: tf.Tensor,
    end_points: dict[str, tf.Tensor],
    head: Head,
    num_classes: int | None,
    dropout_keep_prob: float,
    prediction_fn: Callable,
    spatial_squeeze: bool,
    global_pool: bool,
) -> tf.Tensor:
    """Ends Inception v1, v2 or v3: pooling, dropout, 1x1 convolution, predictions.

    Args:
      net: float [batch, height, width, depth], the last module's.
      end_points: receives the pooled features, the logits and the predictions.
      head: window and names.
      num_classes: number of logits; None or 0 stops before them.
      dropout_keep_prob: the probability that a feature is kept in training.
      prediction_fn: `f(logits, scope=...)`.
      spatial_squeeze: drop the logits' height and width, which must be 1.
      global_pool: take the mean over height and width, not over the head's window.

    Returns:
      The logits, or the pooled features.

    Raises:
      InputError: the logits to squeeze are a map.
    """
    with tf.compat.v1.variable_scope("Logits"):
        if global_pool:
            net = tf.reduce_mean(net, [1, 2], keepdims=True, name="global_pool")
            end_points["global_pool"] = net
        else:
            window = spatial.clip_window(net, head.window)
            scope = "{}_{}x{}".format(head.pool, *window)
            net = slim.avg_pool2d(net, window, head.stride, "VALID", scope=scope)
            end_points[head.pool_end_point] = net
        if not num_classes:
            return net
        net = slim.dropout(net, dropout_keep_prob, scope=head.dropout)
        if head.pre_logits_end_point:
            end_points[head.pre_logits_end_point] = net
        net = slim.conv2d(
            net,
            num_classes,
            1,
            activation_fn=None,
            normalizer_fn=None,
            scope=head.logits,
        )
        if spatial_squeeze:
            net = spatial.squeeze_logits(net, "SpatialSqueeze")
    end_points["Logits"] = net
    end_points["Predictions"] = prediction_fn(net, scope=head.predictions)
    return net


def classified_whole(
    net: tf.Tensor,
    end_points: dict[str, tf.Tensor],
    num_classes: int | None,
    dropout_keep_prob: float,
    pool: str,
    dropout: str,
) -> tf.Tensor:
    """Ends Inception v4 or Inception-ResNet-v2: global pooling, dropout, logits.

    Args:
      net: float [batch, height, width, depth], the last module's.
      end_points: receives 'global_pool', 'PreLogitsFlatten', 'Logits', 'Predictions'.
      num_classes: number of logits; None or 0 stops before them.
      dropout_keep_prob: the probability that a feature is kept in training.
      pool: scope of the pooling, where height and width are known.
      dropout: scope of the dropout.

    Returns:
      float logits [batch, num_classes], or the features [batch, 1, 1, depth].
    """
    with tf.compat.v1.variable_scope("Logits"):
        height, width = spatial.get_static_size(net)
        if height is None or width is None:
            net = tf.reduce_mean(net, [1, 2], keepdims=True, name="global_pool")
        else:
            net = slim.avg_pool2d(net, (height, width), padding="VALID", scope=pool)
        end_points["global_pool"] = net
        if not num_classes:
            return net
        net = slim.dropout(net, dropout_keep_prob, scope=dropout)
        net = slim.flatten(net, scope="PreLogitsFlatten")
        end_points["PreLogitsFlatten"] = net
        logits = slim.fully_connected(
            net, num_classes, activation_fn=None, scope="Logits"
        )
        end_points["Logits"] = logits
        end_points["Predictions"] = tf.nn.softmax(logits, name="Predictions")
    return logits


_SIZE_UNKNOWN = (
    "the auxiliary head has a weight for each pixel and needs images of known height"
    " and width: use set_shape, or pass create_aux_logits=False"
)


class AuxiliaryHead(NamedTuple):
    """Published names in the auxiliary head of Inception v4 or Inception-ResNet-v2."""

    pool: str
    whole: str  # the convolution over all that pooling and projection leave
    logits: str


def auxiliary_whole(net: tf.Tensor, head: AuxiliaryHead, num_classes: int) -> tf.Tensor:
    """Classifies a middle module's output, to train what comes before it.

    Args:
      net: float [batch, height, width, depth] of static height and width.
      head: names.
      num_classes: number of logits.

    Returns:
      float logits [batch, num_classes].

    Raises:
      InputError: height or width is not known.
    """
    spatial.require_static_size(net, _SIZE_UNKNOWN)
    with tf.compat.v1.variable_scope("AuxLogits"):
        net = auxiliary_features(net, 128, head.pool)
        size = spatial.require_static_size(net, _SIZE_UNKNOWN)
        net = slim.conv2d(net, 768, size, padding="VALID", scope=head.whole)
        return slim.fully_connected(
            slim.flatten(net), num_classes, activation_fn=None, scope=head.logits
        )


def auxiliary_features(net: tf.Tensor, depth: int, pool: str) -> tf.Tensor:
    """Begins an auxiliary head: means of 5x5 windows, projected to `depth` channels."""
    net = slim.avg_pool2d(net, spatial.clip_window(net, 5), 3, "VALID", scope=pool)
    return slim.conv2d(net, depth, 1, scope="Conv2d_1b_1x1")
