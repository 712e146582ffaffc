"""VGG: "Very Deep Convolutional Networks for Large-Scale Image Recognition".

Karen Simonyan and Andrew Zisserman, arXiv:1409.1556: five stages of 3x3 convolutions,
each ended by a max pool. The fully connected layers are convolutions, so larger images
give a map of logits:

    with slim.arg_scope(vgg.vgg_arg_scope()):
        logits, end_points = vgg.vgg_16(images, is_training=False)
"""

from typing import Any

import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import convolutional_head
from slimnets.nets.convolutional_head import FullyConnected, Table
from slimnets.nets.row import Network, named_builder
from slimnets.nets.rows import Conv, MaxPool

DEPTHS = (64, 128, 256, 512, 512)  # of the stages' convolutions


def _column(*convolutions: int) -> Table:
    """Returns a column of Table 1 from the number of convolutions in each stage."""
    rows: list[Conv | MaxPool] = []
    for stage, number in enumerate(convolutions, 1):
        rows += [
            Conv(f"conv{stage}/conv{stage}_{i}", DEPTHS[stage - 1], 3)
            for i in range(1, number + 1)
        ]
        rows.append(MaxPool(f"pool{stage}"))
    return (*rows, FullyConnected("fc6", 4096, 7), FullyConnected("fc7", 4096))


VGG_A = _column(1, 1, 2, 2, 2)
VGG_D = _column(2, 2, 3, 3, 3)
VGG_E = _column(2, 2, 4, 4, 4)


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


def _build(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool | tf.Tensor = True,
    dropout_keep_prob: float = 0.5,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: Any = None,
    fc_conv_padding: str = "VALID",
    global_pool: bool = False,
    *,
    table: Table,
    name: str,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """VGG of a column of Table 1, arXiv:1409.1556.

    Args:
      inputs: float [batch, height, width, channels], at least 224x224, which gives one
        vector of logits; at least 32x32 with fc_conv_padding 'SAME'.
      num_classes: number of logits; None or 0 returns fc7's features instead.
      is_training: whether dropout drops.
      dropout_keep_prob: the probability that an input of fc7 and of fc8 is kept.
      spatial_squeeze: drop the logits' height and width, which must be 1. Pass False
        to run fully convolutionally on larger images.
      reuse: reuse the variables of `scope`.
      scope: variable scope.
      fc_conv_padding: of fc6. 'VALID' gives height / 32 - 6 rows of logits, 'SAME'
        height / 32.
      global_pool: average fc7 over height and width, whatever they are.
      table: the column, up to fc6 and fc7.
      name: the network's, for errors, and for its scope where that is None.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features [batch, rows, columns, 4096]; and the end points by name,
      from '<scope>/conv1/conv1_1' to '<scope>/fc8'.

    Raises:
      ValueError: inputs' rank is not 4, or images are too small, or too large for one
        vector of logits without global_pool while spatial_squeeze asks for one.
    """
    if fc_conv_padding not in ("VALID", "SAME"):
        raise errors.unknown("fc_conv_padding", fc_conv_padding, ("VALID", "SAME"))
    return convolutional_head.build(
        inputs,
        num_classes,
        is_training,
        dropout_keep_prob,
        spatial_squeeze,
        scope,
        global_pool,
        table=[
            row._replace(padding=fc_conv_padding) if row.name == "fc6" else row
            for row in table
        ],
        name=name,
        reuse=reuse,
    )


def _row(name: str, table: Table, **facts: Any) -> Network:
    return Network(
        name,
        _build,
        vgg_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        arguments={"table": table, "name": name, "scope": name},
        **facts,
    )


NETWORKS = (
    _row(
        "vgg_a",
        VGG_A,
        paper="arXiv:1409.1556, table 1, column A",
        parameters=132_863_336,
        multiply_adds=7609.1,
    ),
    _row(
        "vgg_16",
        VGG_D,
        paper="arXiv:1409.1556, table 1, column D",
        parameters=138_357_544,
        multiply_adds=15470.3,
        top1=71.5,
        top5=89.8,
    ),
    _row(
        "vgg_19",
        VGG_E,
        paper="arXiv:1409.1556, table 1, column E",
        parameters=143_667_240,
        multiply_adds=19632.1,
        top1=71.1,
        top5=89.8,
    ),
)

vgg_a = named_builder(NETWORKS, "vgg_a")
vgg_16 = vgg_d = named_builder(NETWORKS, "vgg_16")
vgg_19 = vgg_e = named_builder(NETWORKS, "vgg_19")
