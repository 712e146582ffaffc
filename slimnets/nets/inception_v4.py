"""Inception v4: "Inception-v4, Inception-ResNet and the Impact of Residual Connections
on Learning".

Szegedy et al., arXiv:1602.07261; the modules' names and figures are the paper's.

    with slim.arg_scope(inception_v4.inception_v4_arg_scope()):
        logits, end_points = inception_v4.inception_v4(images, is_training=False)
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets import slim
from slimnets.nets import image_size, inception_blocks, inception_utils
from slimnets.nets.inception_blocks import (
    AvgPool,
    Branches,
    Conv,
    Fork,
    MaxPool,
    Mixed,
)
from slimnets.nets.row import Network, named_builder
from slimnets.nets.table import EndPoints, Row, run_table

inception_v4_arg_scope = inception_utils.inception_arg_scope

SMALLEST_IMAGE = 75  # the side in pixels that leaves Mixed_7a one

INCEPTION_A: Branches = (  # figure 4
    [Conv("Conv2d_0a_1x1", 96, 1)],
    [Conv("Conv2d_0a_1x1", 64, 1), Conv("Conv2d_0b_3x3", 96, 3)],
    [
        Conv("Conv2d_0a_1x1", 64, 1),
        Conv("Conv2d_0b_3x3", 96, 3),
        Conv("Conv2d_0c_3x3", 96, 3),
    ],
    [AvgPool("AvgPool_0a_3x3"), Conv("Conv2d_0b_1x1", 96, 1)],
)
INCEPTION_B: Branches = (  # figure 5
    [Conv("Conv2d_0a_1x1", 384, 1)],
    [
        Conv("Conv2d_0a_1x1", 192, 1),
        Conv("Conv2d_0b_1x7", 224, (1, 7)),
        Conv("Conv2d_0c_7x1", 256, (7, 1)),
    ],
    [
        Conv("Conv2d_0a_1x1", 192, 1),
        Conv("Conv2d_0b_7x1", 192, (7, 1)),
        Conv("Conv2d_0c_1x7", 224, (1, 7)),
        Conv("Conv2d_0d_7x1", 224, (7, 1)),
        Conv("Conv2d_0e_1x7", 256, (1, 7)),
    ],
    [AvgPool("AvgPool_0a_3x3"), Conv("Conv2d_0b_1x1", 128, 1)],
)
INCEPTION_C: Branches = (  # figure 6
    [Conv("Conv2d_0a_1x1", 256, 1)],
    [
        Conv("Conv2d_0a_1x1", 384, 1),
        Fork([Conv("Conv2d_0b_1x3", 256, (1, 3)), Conv("Conv2d_0c_3x1", 256, (3, 1))]),
    ],
    [
        Conv("Conv2d_0a_1x1", 384, 1),
        Conv("Conv2d_0b_3x1", 448, (3, 1)),
        Conv("Conv2d_0c_1x3", 512, (1, 3)),
        Fork([Conv("Conv2d_0d_1x3", 256, (1, 3)), Conv("Conv2d_0e_3x1", 256, (3, 1))]),
    ],
    [AvgPool("AvgPool_0a_3x3"), Conv("Conv2d_0b_1x1", 256, 1)],
)
REDUCTION_A: Branches = (  # figure 7; k, l, m, n = 192, 224, 256, 384 of table 1
    [Conv("Conv2d_1a_3x3", 384, 3, 2, "VALID")],
    [
        Conv("Conv2d_0a_1x1", 192, 1),
        Conv("Conv2d_0b_3x3", 224, 3),
        Conv("Conv2d_1a_3x3", 256, 3, 2, "VALID"),
    ],
    [MaxPool("MaxPool_1a_3x3", 3, 2, "VALID")],
)
REDUCTION_B: Branches = (  # figure 8
    [Conv("Conv2d_0a_1x1", 192, 1), Conv("Conv2d_1a_3x3", 192, 3, 2, "VALID")],
    [
        Conv("Conv2d_0a_1x1", 256, 1),
        Conv("Conv2d_0b_1x7", 256, (1, 7)),
        Conv("Conv2d_0c_7x1", 320, (7, 1)),
        Conv("Conv2d_1a_3x3", 320, 3, 2, "VALID"),
    ],
    [MaxPool("MaxPool_1a_3x3", 3, 2, "VALID")],
)
STEM: tuple[Row, ...] = (  # figure 3
    Conv("Conv2d_1a_3x3", 32, 3, 2, "VALID"),
    Conv("Conv2d_2a_3x3", 32, 3, 1, "VALID"),
    Conv("Conv2d_2b_3x3", 64, 3),
    Mixed(
        "Mixed_3a",
        [
            [MaxPool("MaxPool_0a_3x3", 3, 2, "VALID")],
            [Conv("Conv2d_0a_3x3", 96, 3, 2, "VALID")],
        ],
    ),
    Mixed(
        "Mixed_4a",
        [
            [Conv("Conv2d_0a_1x1", 64, 1), Conv("Conv2d_1a_3x3", 96, 3, 1, "VALID")],
            [
                Conv("Conv2d_0a_1x1", 64, 1),
                Conv("Conv2d_0b_1x7", 64, (1, 7)),
                Conv("Conv2d_0c_7x1", 64, (7, 1)),
                Conv("Conv2d_1a_3x3", 96, 3, 1, "VALID"),
            ],
        ],
    ),
    Mixed(
        "Mixed_5a",
        [
            [Conv("Conv2d_1a_3x3", 192, 3, 2, "VALID")],
            [MaxPool("MaxPool_1a_3x3", 3, 2, "VALID")],
        ],
    ),
)
TABLE: tuple[Row, ...] = (  # figure 9
    *STEM,
    *[Mixed(f"Mixed_5{letter}", INCEPTION_A) for letter in "bcde"],
    Mixed("Mixed_6a", REDUCTION_A),
    *[Mixed(f"Mixed_6{letter}", INCEPTION_B) for letter in "bcdefgh"],
    Mixed("Mixed_7a", REDUCTION_B),
    *[Mixed(f"Mixed_7{letter}", INCEPTION_C) for letter in "bcd"],
)
AUXILIARY_HEAD = inception_utils.AuxiliaryHead(
    pool="AvgPool_1a_5x5", whole="Conv2d_2a", logits="Aux_logits"
)


def _block(
    default_scope: str, branches: Branches, stride: int = 1
) -> Callable[..., tf.Tensor]:
    """Returns a function that adds one module."""

    def block(
        inputs: tf.Tensor, scope: Any = None, reuse: bool | None = None
    ) -> tf.Tensor:
        with tf.compat.v1.variable_scope(scope, default_scope, [inputs], reuse=reuse):
            return inception_blocks.build_branches(branches, inputs, stride)

    block.__doc__ = f"Adds the module that research/slim calls {default_scope}."
    return block


block_inception_a = _block("BlockInceptionA", INCEPTION_A)
block_inception_b = _block("BlockInceptionB", INCEPTION_B)
block_inception_c = _block("BlockInceptionC", INCEPTION_C)
block_reduction_a = _block("BlockReductionA", REDUCTION_A, stride=2)
block_reduction_b = _block("BlockReductionB", REDUCTION_B, stride=2)


def inception_v4_base(
    inputs: tf.Tensor,
    final_endpoint: str = "Mixed_7d",
    scope: Any = None,
    *,
    table: Sequence[Row] = TABLE,
) -> tuple[tf.Tensor, EndPoints]:
    """Inception v4 without its classifier, up to an end point.

    Args:
      inputs: float [batch, height, width, channels].
      final_endpoint: the last row built, a name of TABLE.
      scope: variable scope, 'InceptionV4' if None.
      table: the network.

    Returns:
      The final end point, and all end points by name.

    Raises:
      ValueError: there is no such end point, or images are too small for it.
    """
    with tf.compat.v1.variable_scope(scope, "InceptionV4", [inputs]):
        return run_table(table, inputs, final_endpoint)


def build_inception_v4(
    inputs: tf.Tensor,
    num_classes: int | None = 1001,
    is_training: bool | tf.Tensor = True,
    dropout_keep_prob: float = 0.8,
    reuse: bool | None = None,
    scope: Any = "InceptionV4",
    create_aux_logits: bool = True,
    *,
    table: Sequence[Row],
) -> tuple[tf.Tensor, EndPoints]:
    """Inception v4 (arXiv:1602.07261) for classification.

    Args:
      inputs: float [batch, height, width, channels], at least 75x75; 299x299 in the
        paper. Height and width must be static where create_aux_logits is True.
      num_classes: number of logits; None or 0 returns the pooled features instead.
      is_training: whether dropout and batch norm train.
      dropout_keep_prob: the probability that a feature is kept in training.
      reuse: reuse the network's variables; needs `scope`.
      scope: variable scope.
      create_aux_logits: make the auxiliary head, the end point 'AuxLogits', whatever
        is_training says: published checkpoints have its variables. One of them has
        the size of the features, which must be that of 299x299 images to load it.
      table: the network.

    Returns:
      float logits [batch, num_classes], or features [batch, 1, 1, 1536]; and the end
      points by name.

    Raises:
      ValueError: inputs' rank is not 4, images are too small, or their size is unknown
        to the auxiliary head.
    """
    image_size.check_image_size(inputs, "inception_v4", SMALLEST_IMAGE)
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV4", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = inception_v4_base(inputs, scope=sc, table=table)
        if create_aux_logits and num_classes:
            end_points["AuxLogits"] = inception_utils.auxiliary_whole(
                end_points["Mixed_6h"], AUXILIARY_HEAD, num_classes
            )
        net = inception_utils.classified_whole(
            net,
            end_points,
            num_classes,
            dropout_keep_prob,
            pool="AvgPool_1a",
            dropout="Dropout_1b",
        )
    return net, end_points


NETWORKS = (
    Network(
        "inception_v4",
        build_inception_v4,
        inception_v4_arg_scope,
        image_size=299,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1602.07261, figure 9",
        parameters=46_009_106,
        arguments={"table": TABLE},
        multiply_adds=12260.5,
        top1=80.2,
        top5=95.2,
    ),
)

inception_v4 = named_builder(NETWORKS, "inception_v4")
