"""AlexNet v2: "One weird trick for parallelizing convolutional neural networks".

Alex Krizhevsky, arXiv:1404.5997: one tower, no local response normalization. Its
fully connected layers are convolutions, so larger images give a map of logits:

    with slim.arg_scope(alexnet.alexnet_v2_arg_scope()):
        logits, end_points = alexnet.alexnet_v2(images, is_training=False)
"""

import functools
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim
from slimnets.nets import convolutional_head, image_size
from slimnets.nets.row import Network


class Conv(NamedTuple):
    """A convolution with biases and relu."""

    name: str
    depth: int
    kernel: int
    stride: int = 1
    padding: str = "SAME"


class Pool(NamedTuple):
    """A 3x3 max pool of stride 2 without padding."""

    name: str


LAYERS = (
    Conv("conv1", 64, 11, stride=4, padding="VALID"),
    Pool("pool1"),
    Conv("conv2", 192, 5),
    Pool("pool2"),
    Conv("conv3", 384, 3),
    Conv("conv4", 384, 3),
    Conv("conv5", 256, 3),
    Pool("pool5"),
)
UNITS = (4096, 4096)  # of fc6 and fc7
WINDOW = 5  # the side of fc6's kernel
SMALLEST_IMAGE = 195  # the side in pixels that leaves pool5 the window's


def alexnet_v2_arg_scope(weight_decay: float = 0.0005) -> dict[str, Any]:
    """Returns the network's defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers, >= 0.
    """
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        activation_fn=tf.nn.relu,
        biases_initializer=tf.compat.v1.constant_initializer(0.1),
        weights_regularizer=slim.l2_regularizer(weight_decay),
    ) as defaults:
        return defaults


def alexnet_v2(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool | tf.Tensor = True,
    dropout_keep_prob: float = 0.5,
    spatial_squeeze: bool = True,
    scope: str = "alexnet_v2",
    global_pool: bool = False,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """AlexNet v2 (arXiv:1404.5997) for classification.

    Args:
      inputs: float [batch, height, width, channels], at least 195x195; 224x224 gives
        one vector of logits.
      num_classes: number of logits; None or 0 returns fc7's features instead.
      is_training: whether dropout drops.
      dropout_keep_prob: the probability that an input of fc7 and of fc8 is kept.
      spatial_squeeze: drop the logits' height and width, which must be 1. Pass False
        to run fully convolutionally on larger images.
      scope: variable scope.
      global_pool: average fc7 over height and width, whatever they are.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features [batch, rows, columns, 4096]; and the end points by name,
      from '<scope>/conv1' to '<scope>/fc8'.

    Raises:
      ValueError: inputs' rank is not 4, or images are below 195x195, or too large for
        one vector of logits without global_pool while spatial_squeeze asks for one.
    """
    image_size.check_image_size(inputs, "alexnet_v2", SMALLEST_IMAGE)
    end_points = {}
    with tf.compat.v1.variable_scope(scope, "alexnet_v2", [inputs]) as sc:
        net = inputs
        for layer in LAYERS:
            net = end_points[f"{sc.name}/{layer.name}"] = _applied(layer, net)
        initialized = functools.partial(
            slim.arg_scope,
            [slim.conv2d],
            weights_initializer=tf.compat.v1.truncated_normal_initializer(stddev=0.005),
        )
        with initialized(biases_initializer=tf.compat.v1.constant_initializer(0.1)):
            net = convolutional_head.features(
                net,
                end_points,
                UNITS,
                WINDOW,
                "VALID",
                is_training,
                dropout_keep_prob,
                global_pool,
            )
        if not num_classes:
            return net, end_points
        with initialized(biases_initializer=tf.compat.v1.zeros_initializer()):
            net = convolutional_head.logits(
                net,
                end_points,
                num_classes,
                is_training,
                dropout_keep_prob,
                spatial_squeeze,
            )
    return net, end_points


alexnet_v2.default_image_size = 224


def _applied(layer: Conv | Pool, net: tf.Tensor) -> tf.Tensor:
    if isinstance(layer, Pool):
        return slim.max_pool2d(net, 3, 2, padding="VALID", scope=layer.name)
    return slim.conv2d(
        net, layer.depth, layer.kernel, layer.stride, layer.padding, scope=layer.name
    )


NETWORKS = (
    Network(
        "alexnet_v2",
        alexnet_v2,
        alexnet_v2_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1000,
        paper="arXiv:1404.5997",
        parameters=50_303_912,
        multiply_adds=736.6,
        trains_in_bfloat16=True,
    ),
)
