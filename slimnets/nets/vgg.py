"""VGG: "Very Deep Convolutional Networks for Large-Scale Image Recognition".

Karen Simonyan and Andrew Zisserman, arXiv:1409.1556: five stages of 3x3 convolutions,
each ended by a max pool. The fully connected layers are convolutions, so larger images
give a map of logits:

    with slim.arg_scope(vgg.vgg_arg_scope()):
        logits, end_points = vgg.vgg_16(images, is_training=False)
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import convolutional_head, image_size
from slimnets.nets.row import Network

# Table 1 of arXiv:1409.1556: the depth of each stage's convolutions and, in columns A,
# D and E, how many there are.
DEPTHS = (64, 128, 256, 512, 512)
CONVOLUTIONS = {
    "A": (1, 1, 2, 2, 2),
    "D": (2, 2, 3, 3, 3),
    "E": (2, 2, 4, 4, 4),
}
UNITS = (4096, 4096)  # of fc6 and fc7
WINDOW = 7  # the side of fc6's kernel
STRIDE = 32  # of pool5
SMALLEST_IMAGE = {"VALID": WINDOW * STRIDE, "SAME": STRIDE}  # by fc6's padding


def vgg_arg_scope(weight_decay: float = 0.0005) -> dict[str, Any]:
    """Returns the networks' defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers, >= 0.
    """
    with (
        slim.arg_scope(
            [slim.conv2d, slim.fully_connected],
            activation_fn=tf.nn.relu,
            weights_regularizer=slim.l2_regularizer(weight_decay),
            biases_initializer=tf.compat.v1.zeros_initializer(),
        ),
        slim.arg_scope([slim.conv2d], padding="SAME") as defaults,
    ):
        return defaults


def _network(name: str, column: str) -> Callable[..., Any]:
    """Returns the builder of the network in a column of the table."""

    def network(
        inputs: tf.Tensor,
        num_classes: int | None = 1000,
        is_training: bool | tf.Tensor = True,
        dropout_keep_prob: float = 0.5,
        spatial_squeeze: bool = True,
        reuse: bool | None = None,
        scope: Any = name,
        fc_conv_padding: str = "VALID",
        global_pool: bool = False,
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        if fc_conv_padding not in SMALLEST_IMAGE:
            raise errors.unknown("fc_conv_padding", fc_conv_padding, SMALLEST_IMAGE)
        image_size.check_image_size(inputs, name, SMALLEST_IMAGE[fc_conv_padding])
        end_points = {}
        with tf.compat.v1.variable_scope(scope, name, [inputs], reuse=reuse):
            net = _stages(inputs, CONVOLUTIONS[column], end_points)
            net = convolutional_head.features(
                net,
                end_points,
                UNITS,
                WINDOW,
                fc_conv_padding,
                is_training,
                dropout_keep_prob,
                global_pool,
            )
            if num_classes:
                net = convolutional_head.logits(
                    net,
                    end_points,
                    num_classes,
                    is_training,
                    dropout_keep_prob,
                    spatial_squeeze,
                )
        return net, end_points

    network.__name__ = network.__qualname__ = name
    network.__doc__ = _DOCSTRING.format(column=column)
    network.default_image_size = SMALLEST_IMAGE["VALID"]
    return network


_DOCSTRING = """VGG of column {column} of Table 1, arXiv:1409.1556.

Args:
  inputs: float [batch, height, width, channels], at least 224x224, which gives one
    vector of logits; at least 32x32 with fc_conv_padding 'SAME'.
  num_classes: number of logits; None or 0 returns fc7's features instead.
  is_training: whether dropout drops.
  dropout_keep_prob: the probability that an input of fc7 and of fc8 is kept.
  spatial_squeeze: drop the logits' height and width, which must be 1. Pass False to
    run fully convolutionally on larger images.
  reuse: reuse the variables of `scope`.
  scope: variable scope.
  fc_conv_padding: of fc6. 'VALID' gives height / 32 - 6 rows of logits, 'SAME'
    height / 32.
  global_pool: average fc7 over height and width, whatever they are.

Returns:
  float logits [batch, num_classes], or [batch, rows, columns, num_classes]
  unsqueezed, or features [batch, rows, columns, 4096]; and the end points by name,
  from '<scope>/conv1/conv1_1' to '<scope>/fc8'.

Raises:
  ValueError: inputs' rank is not 4, or images are too small, or too large for one
    vector of logits without global_pool while spatial_squeeze asks for one.
"""


def _stages(
    net: tf.Tensor, convolutions: tuple[int, ...], end_points: dict[str, tf.Tensor]
) -> tf.Tensor:
    """Applies the stages of convolutions, up to pool5."""
    network = tf.compat.v1.get_variable_scope().name
    stages = zip(DEPTHS, convolutions, strict=True)
    for stage, (depth, repetitions) in enumerate(stages, 1):
        with tf.compat.v1.variable_scope(f"conv{stage}", values=[net]) as sc:
            for number in range(1, repetitions + 1):
                layer = f"conv{stage}_{number}"
                net = slim.conv2d(net, depth, 3, scope=layer)
                end_points[f"{sc.name}/{layer}"] = net
        net = slim.max_pool2d(net, 2, scope=f"pool{stage}")
        end_points[f"{network}/pool{stage}"] = net
    return net


vgg_a = _network("vgg_a", "A")
vgg_16 = vgg_d = _network("vgg_16", "D")
vgg_19 = vgg_e = _network("vgg_19", "E")


NETWORKS = (
    Network(
        "vgg_a",
        vgg_a,
        vgg_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        paper="arXiv:1409.1556, table 1, column A",
        parameters=132_863_336,
        multiply_adds=7609.1,
        trains_in_bfloat16=True,
    ),
    Network(
        "vgg_16",
        vgg_16,
        vgg_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        paper="arXiv:1409.1556, table 1, column D",
        parameters=138_357_544,
        multiply_adds=15470.3,
        top1=71.5,
        top5=89.8,
        trains_in_bfloat16=True,
    ),
    Network(
        "vgg_19",
        vgg_19,
        vgg_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        paper="arXiv:1409.1556, table 1, column E",
        parameters=143_667_240,
        multiply_adds=19632.1,
        top1=71.1,
        top5=89.8,
        trains_in_bfloat16=True,
    ),
)
