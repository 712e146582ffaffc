"""CifarNet: a small network for CIFAR-10's images of 32x32 pixels.

The variant of Krizhevsky's cuda-convnet that TensorFlow's CIFAR-10 tutorial made
common: local response normalization (section 3.3 of "ImageNet Classification with
Deep Convolutional Neural Networks", NIPS 2012), after the pool of the first stage and
before that of the second, then two hidden layers.

    with slim.arg_scope(cifarnet.cifarnet_arg_scope()):
        logits, end_points = cifarnet.cifarnet(images, num_classes=10)
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


class Norm(NamedTuple):
    """Local response normalization over 9 channels; not an end point."""

    name: str


LAYERS = (
    Conv("conv1", 64),
    Pool("pool1"),
    Norm("norm1"),
    Conv("conv2", 64),
    Norm("norm2"),
    Pool("pool2"),
)
HIDDEN_UNITS = (384, 192)  # of fc3 and fc4
SMALLEST_IMAGE = 4  # the side in pixels that leaves pool2 one


def cifarnet_arg_scope(weight_decay: float = 0.004) -> dict[str, Any]:
    """Returns the network's defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers of fc3 and fc4, >= 0; convolutions and
        logits have none.
    """
    with (
        slim.arg_scope(
            [slim.conv2d],
            weights_initializer=tf.compat.v1.truncated_normal_initializer(stddev=0.05),
            activation_fn=tf.nn.relu,
        ),
        slim.arg_scope(
            [slim.fully_connected],
            biases_initializer=tf.compat.v1.constant_initializer(0.1),
            weights_initializer=tf.compat.v1.truncated_normal_initializer(stddev=0.04),
            weights_regularizer=slim.l2_regularizer(weight_decay),
            activation_fn=tf.nn.relu,
        ) as defaults,
    ):
        return defaults


def cifarnet(
    images: tf.Tensor,
    num_classes: int | None = 10,
    is_training: bool | tf.Tensor = False,
    dropout_keep_prob: float = 0.5,
    prediction_fn: Callable | None = slim.softmax,
    scope: str = "CifarNet",
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """CifarNet for classification.

    Args:
      images: float [batch, height, width, channels], 32x32x3 for CIFAR. Height and
        width must be static and at least 4: fc3 has a weight for each pixel of pool2.
      num_classes: number of logits; None or 0 returns fc4's features instead.
      is_training: whether dropout drops.
      dropout_keep_prob: the probability that one of fc3's units is kept.
      prediction_fn: `f(logits, scope=...)` gives the end point 'Predictions'; None
        for none.
      scope: variable scope.

    Returns:
      float logits [batch, num_classes], or features [batch, 192]; and the end points
      by name, from 'conv1' to 'Predictions'.

    Raises:
      ValueError: images' rank is not 4, or they are too small or of unknown size.
    """
    image_size.check_image_size(images, "cifarnet", SMALLEST_IMAGE, must_be_known=True)
    end_points = {}
    with tf.compat.v1.variable_scope(scope, "CifarNet", [images]):
        net = images
        for layer in LAYERS:
            net = _applied(layer, net)
            if not isinstance(layer, Norm):
                end_points[layer.name] = net
        net = end_points["Flatten"] = slim.flatten(net)
        fc3, fc4 = HIDDEN_UNITS
        net = end_points["fc3"] = slim.fully_connected(net, fc3, scope="fc3")
        net = slim.dropout(
            net, dropout_keep_prob, is_training=is_training, scope="dropout3"
        )
        net = end_points["fc4"] = slim.fully_connected(net, fc4, scope="fc4")
        if not num_classes:
            return net, end_points
        logits = end_points["Logits"] = slim.fully_connected(
            net,
            num_classes,
            biases_initializer=tf.compat.v1.zeros_initializer(),
            weights_initializer=tf.compat.v1.truncated_normal_initializer(
                stddev=1 / 192.0
            ),
            weights_regularizer=None,
            activation_fn=None,
            scope="logits",
        )
    if prediction_fn:
        end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


cifarnet.default_image_size = 32


def _applied(layer: Conv | Pool | Norm, net: tf.Tensor) -> tf.Tensor:
    match layer:
        case Conv():
            return slim.conv2d(net, layer.depth, 5, scope=layer.name)
        case Pool():
            return slim.max_pool2d(net, 2, 2, scope=layer.name)
        case Norm():
            # TensorFlow has no kernel of it for bfloat16 on processors.
            normalized = tf.nn.local_response_normalization(
                tf.cast(net, tf.float32),
                depth_radius=4,
                bias=1.0,
                alpha=0.001 / 9,
                beta=0.75,
                name=layer.name,
            )
            return tf.cast(normalized, net.dtype)


NETWORKS = (
    Network(
        "cifarnet",
        cifarnet,
        cifarnet_arg_scope,
        image_size=32,
        preprocessing="cifarnet",
        classes=10,
        paper="Krizhevsky, cuda-convnet, 2012",
        parameters=1_756_426,
        multiply_adds=32.8,
    ),
)
