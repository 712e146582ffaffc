"""Inception v1, GoogLeNet: "Going Deeper with Convolutions".

Szegedy et al., arXiv:1409.4842. As published by TF-Slim it has batch normalization,
3x3 convolutions where the paper has 5x5, and no auxiliary classifiers.

    with slim.arg_scope(inception_v1.inception_v1_arg_scope()):
        logits, end_points = inception_v1.inception_v1(images, is_training=False)
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets import slim
from slimnets.nets import inception_utils
from slimnets.nets.inception_blocks import Conv, MaxPool, Mixed
from slimnets.nets.initializers import trunc_normal
from slimnets.nets.row import Network, named_builder
from slimnets.nets.table import EndPoints, Row, run_table

inception_v1_arg_scope = inception_utils.inception_arg_scope


def _mixed(
    name: str,
    one: int,
    three_reduce: int,
    three: int,
    five_reduce: int,
    five: int,
    pool_proj: int,
    five_name: str = "Conv2d_0b_3x3",
) -> Mixed:
    """Returns a module of figure 2 (b); arguments are the columns of table 1."""
    return Mixed(
        name,
        [
            [Conv("Conv2d_0a_1x1", one, 1)],
            [Conv("Conv2d_0a_1x1", three_reduce, 1), Conv("Conv2d_0b_3x3", three, 3)],
            [Conv("Conv2d_0a_1x1", five_reduce, 1), Conv(five_name, five, 3)],
            [MaxPool("MaxPool_0a_3x3"), Conv("Conv2d_0b_1x1", pool_proj, 1)],
        ],
    )


# Table 1 of arXiv:1409.4842.
ROOT_BLOCK = (
    Conv("Conv2d_1a_7x7", 64, 7, stride=2),
    MaxPool("MaxPool_2a_3x3", 3, stride=2),
    Conv("Conv2d_2b_1x1", 64, 1),
    Conv("Conv2d_2c_3x3", 192, 3),
    MaxPool("MaxPool_3a_3x3", 3, stride=2),
)
MODULES = (
    #           #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj
    _mixed("Mixed_3b", 64, 96, 128, 16, 32, 32),
    _mixed("Mixed_3c", 128, 128, 192, 32, 96, 64),
    MaxPool("MaxPool_4a_3x3", 3, stride=2),
    _mixed("Mixed_4b", 192, 96, 208, 16, 48, 64),
    _mixed("Mixed_4c", 160, 112, 224, 24, 64, 64),
    _mixed("Mixed_4d", 128, 128, 256, 24, 64, 64),
    _mixed("Mixed_4e", 112, 144, 288, 32, 64, 64),
    _mixed("Mixed_4f", 256, 160, 320, 32, 128, 128),
    MaxPool("MaxPool_5a_2x2", 2, stride=2),
    # Mixed_5b's odd name is that of the published checkpoint.
    _mixed("Mixed_5b", 256, 160, 320, 32, 128, 128, five_name="Conv2d_0a_3x3"),
    _mixed("Mixed_5c", 384, 192, 384, 48, 128, 128),
)
TABLE: tuple[Row, ...] = (*ROOT_BLOCK, *MODULES)
HEAD = inception_utils.Head(
    window=7,
    stride=1,
    pool="AvgPool_0a",
    pool_end_point="AvgPool_0a_7x7",
    dropout="Dropout_0b",
    logits="Conv2d_0c_1x1",
    predictions="Logits/Predictions",
)


def inception_v1_base(
    inputs: tf.Tensor,
    final_endpoint: str = "Mixed_5c",
    include_root_block: bool = True,
    scope: Any = "InceptionV1",
    *,
    table: Sequence[Row] = TABLE,
) -> tuple[tf.Tensor, EndPoints]:
    """Inception v1 without its classifier, up to an end point.

    Args:
      inputs: float [batch, height, width, channels].
      final_endpoint: the last row built, a name of TABLE.
      include_root_block: begin with ROOT_BLOCK, of stride 8.
      scope: variable scope.
      table: the network; it begins with ROOT_BLOCK.

    Returns:
      The final end point, and all end points by name.

    Raises:
      ValueError: there is no such end point.
    """
    rows = table if include_root_block else table[len(ROOT_BLOCK) :]
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV1", [inputs]),
        slim.arg_scope(
            [slim.conv2d, slim.fully_connected],
            weights_initializer=trunc_normal(0.01),
        ),
    ):
        return run_table(rows, inputs, final_endpoint)


def build_inception_v1(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool | tf.Tensor = True,
    dropout_keep_prob: float = 0.8,
    prediction_fn: Callable = slim.softmax,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: Any = "InceptionV1",
    global_pool: bool = False,
    *,
    table: Sequence[Row],
) -> tuple[tf.Tensor, EndPoints]:
    """Inception v1 (arXiv:1409.4842) for classification.

    Args:
      inputs: float [batch, height, width, channels]; 224x224 in the paper.
      num_classes: number of logits; None or 0 returns the pooled features instead.
      is_training: whether dropout and batch norm train.
      dropout_keep_prob: the probability that a feature is kept in training.
      prediction_fn: `f(logits, scope=...)` gives the end point 'Predictions'.
      spatial_squeeze: drop the logits' height and width, which must be 1.
      reuse: reuse the network's variables; needs `scope`.
      scope: variable scope.
      global_pool: average over height and width, whatever they are; False averages
        7x7 windows, so that images above 224 pixels give a map.
      table: the network.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features [batch, rows, columns, 1024]; and the end points by name.

    Raises:
      ValueError: inputs' rank is not 4, or the logits to squeeze are a map.
    """
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV1", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = inception_v1_base(inputs, scope=sc, table=table)
        net = inception_utils.classified(
            net,
            end_points,
            HEAD,
            num_classes,
            dropout_keep_prob,
            prediction_fn,
            spatial_squeeze,
            global_pool,
        )
    return net, end_points


NETWORKS = (
    Network(
        "inception_v1",
        build_inception_v1,
        inception_v1_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1409.4842, table 1",
        parameters=6_618_649,
        arguments={"table": TABLE},
        multiply_adds=1498.4,
        top1=69.8,
        top5=89.6,
    ),
)

inception_v1 = named_builder(NETWORKS, "inception_v1")
