"""LeNet: "Gradient-Based Learning Applied to Document Recognition".

LeCun et al., Proceedings of the IEEE 86(11), 1998; the wider variant that TensorFlow's
MNIST tutorials made common: max pools, relu, dropout and one hidden layer.

    with slim.arg_scope(lenet.lenet_arg_scope()):
        logits, end_points = lenet.lenet(images, num_classes=10)
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim
from slimnets.nets import image_size
from slimnets.nets.row import Network


class Conv(NamedTuple):
    """A 5x5 convolution with biases and relu."""

    name: str
    depth: int


class Pool(NamedTuple):
    """A 2x2 max pool of stride 2."""

    name: str


LAYERS = (
    Conv("conv1", 32),
    Pool("pool1"),
    Conv("conv2", 64),
    Pool("pool2"),
)
HIDDEN_UNITS = 1024  # of fc3
SMALLEST_IMAGE = 4  # the side in pixels that leaves pool2 one


def lenet_arg_scope(weight_decay: float = 0.0) -> dict[str, Any]:
    """Returns the network's defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers, >= 0.
    """
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        weights_regularizer=slim.l2_regularizer(weight_decay),
        weights_initializer=tf.compat.v1.truncated_normal_initializer(stddev=0.1),
        activation_fn=tf.nn.relu,
    ) as defaults:
        return defaults


def lenet(
    images: tf.Tensor,
    num_classes: int | None = 10,
    is_training: bool | tf.Tensor = False,
    dropout_keep_prob: float = 0.5,
    prediction_fn: Callable | None = slim.softmax,
    scope: str = "LeNet",
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """LeNet for classification.

    Args:
      images: float [batch, height, width, channels], 28x28x1 for MNIST. Height and
        width must be static and at least 4: fc3 has a weight for each pixel of pool2.
      num_classes: number of logits; None or 0 returns fc3's features instead.
      is_training: whether dropout drops.
      dropout_keep_prob: the probability that one of fc3's units is kept.
      prediction_fn: `f(logits, scope=...)` gives the end point 'Predictions'; None
        for none.
      scope: variable scope.

    Returns:
      float logits [batch, num_classes], or features [batch, 1024]; and the end points
      by name, from 'conv1' to 'Predictions'.

    Raises:
      ValueError: images' rank is not 4, or they are too small or of unknown size.
    """
    image_size.check_image_size(images, "lenet", SMALLEST_IMAGE, must_be_known=True)
    end_points = {}
    with tf.compat.v1.variable_scope(scope, "LeNet", [images]):
        net = images
        for layer in LAYERS:
            net = end_points[layer.name] = _applied(layer, net)
        net = end_points["Flatten"] = slim.flatten(net)
        net = slim.fully_connected(net, HIDDEN_UNITS, scope="fc3")
        end_points["fc3"] = net
        if not num_classes:
            return net, end_points
        net = slim.dropout(
            net, dropout_keep_prob, is_training=is_training, scope="dropout3"
        )
        end_points["dropout3"] = net
        logits = slim.fully_connected(net, num_classes, activation_fn=None, scope="fc4")
        end_points["Logits"] = logits
    if prediction_fn:
        end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


lenet.default_image_size = 28


def _applied(layer: Conv | Pool, net: tf.Tensor) -> tf.Tensor:
    if isinstance(layer, Pool):
        return slim.max_pool2d(net, 2, 2, scope=layer.name)
    return slim.conv2d(net, layer.depth, 5, scope=layer.name)


NETWORKS = (
    Network(
        "lenet",
        lenet,
        lenet_arg_scope,
        image_size=28,
        preprocessing="lenet",
        classes=10,
        paper="LeCun et al., Proceedings of the IEEE 86(11), 1998",
        parameters=3_274_634,
        multiply_adds=13.9,
        channels=1,
    ),
)
