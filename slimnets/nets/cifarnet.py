"""CifarNet: a small network for CIFAR-10's images of 32x32 pixels.

The variant of Krizhevsky's cuda-convnet that TensorFlow's CIFAR-10 tutorial made
common: local response normalization (section 3.3 of "ImageNet Classification with
Deep Convolutional Neural Networks", NIPS 2012), after the pool of the first stage and
before that of the second, then two hidden layers.

    with slim.arg_scope(cifarnet.cifarnet_arg_scope()):
        logits, end_points = cifarnet.cifarnet(images, num_classes=10)
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim
from slimnets.nets import image_size
from slimnets.nets.initializers import trunc_normal
from slimnets.nets.row import Network, named_builder
from slimnets.nets.rows import Conv, Dense, Dropout, Flatten, MaxPool
from slimnets.nets.table import Row, run_table


class Norm(NamedTuple):
    """Local response normalization over 9 channels; it has no end point."""

    scope: str
    name: str = ""
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        """Adds it to the graph."""
        # TensorFlow has no kernel of it for bfloat16 on processors.
        normalized = tf.nn.local_response_normalization(
            tf.cast(net, tf.float32),
            depth_radius=4,
            bias=1.0,
            alpha=0.001 / 9,
            beta=0.75,
            name=self.scope,
        )
        return tf.cast(normalized, net.dtype)


CIFARNET = (
    Conv("conv1", 64, 5),
    MaxPool("pool1"),
    Norm("norm1"),
    Conv("conv2", 64, 5),
    Norm("norm2"),
    MaxPool("pool2"),
    Flatten("Flatten"),
    Dense("fc3", 384),
    Dense("fc4", 192),
)
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
            weights_initializer=trunc_normal(0.05),
            activation_fn=tf.nn.relu,
        ),
        slim.arg_scope(
            [slim.fully_connected],
            biases_initializer=tf.compat.v1.constant_initializer(0.1),
            weights_initializer=trunc_normal(0.04),
            weights_regularizer=slim.l2_regularizer(weight_decay),
            activation_fn=tf.nn.relu,
        ) as defaults,
    ):
        return defaults


def _build(
    images: tf.Tensor,
    num_classes: int | None = 10,
    is_training: bool | tf.Tensor = False,
    dropout_keep_prob: float = 0.5,
    prediction_fn: Callable | None = slim.softmax,
    scope: str = "CifarNet",
    *,
    table: Sequence[Row],
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
      table: the layers, first to last, up to fc4.

    Returns:
      float logits [batch, num_classes], or features [batch, 192]; and the end points
      by name, from 'conv1' to 'Predictions'.

    Raises:
      ValueError: images' rank is not 4, or they are too small or of unknown size.
    """
    image_size.check_image_size(images, "cifarnet", SMALLEST_IMAGE, must_be_known=True)
    dropout = Dropout("dropout3", dropout_keep_prob, is_training)
    with tf.compat.v1.variable_scope(scope, "CifarNet", [images]):
        *layers, fc4 = table
        net, end_points = run_table([*layers, dropout, fc4], images, recompute=False)
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


NETWORKS = (
    Network(
        "cifarnet",
        _build,
        cifarnet_arg_scope,
        image_size=32,
        preprocessing="cifarnet",
        classes=10,
        paper="Krizhevsky, cuda-convnet, 2012",
        parameters=1_756_426,
        multiply_adds=32.8,
        arguments={"table": CIFARNET},
    ),
)

cifarnet = named_builder(NETWORKS, "cifarnet")
