"""Inception v2, BN-Inception: "Batch Normalization: Accelerating Deep Network Training
by Reducing Internal Covariate Shift".

Ioffe and Szegedy, arXiv:1502.03167.

    with slim.arg_scope(inception_v2.inception_v2_arg_scope()):
        logits, end_points = inception_v2.inception_v2(images, is_training=False)
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.layers import scoping
from slimnets.nets import inception_blocks, inception_utils
from slimnets.nets.inception_blocks import AvgPool, Conv, MaxPool, Mixed
from slimnets.nets.initializers import trunc_normal
from slimnets.nets.row import Network, named_builder
from slimnets.nets.table import EndPoints, Row, run_table

inception_v2_arg_scope = inception_utils.inception_arg_scope


class SeparableConv(NamedTuple):
    """A depthwise convolution of stride 2 and a 1x1 one, with biases and relu."""

    name: str
    depth: int  # output channels
    kernel: int
    stddev: float  # of the initial weights
    stride: int = 2

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return slim.separable_conv2d(
            net,
            self.depth,
            self.kernel,
            # Of RGB no more channels than come out, and at most 8 each (appendix).
            depth_multiplier=min(self.depth // 3, 8),
            stride=stride,
            padding="SAME",
            weights_initializer=trunc_normal(self.stddev),
            scope=self.name,
        )


def _reduce(depth: int) -> Conv:
    """Returns the 1x1 convolution that begins a branch of 3x3 ones."""
    return Conv("Conv2d_0a_1x1", depth, 1, stddev=0.09)


def _mixed(
    name: str,
    one: int,
    three: tuple[int, int],
    double: tuple[int, int],
    pool: MaxPool | AvgPool,
    pool_proj: int,
) -> Mixed:
    """Returns a module of stride 1; arguments are the columns of figure 5."""
    return Mixed(
        name,
        [
            [Conv("Conv2d_0a_1x1", one, 1)],
            [_reduce(three[0]), Conv("Conv2d_0b_3x3", three[1], 3)],
            [
                _reduce(double[0]),
                Conv("Conv2d_0b_3x3", double[1], 3),
                Conv("Conv2d_0c_3x3", double[1], 3),
            ],
            [pool, Conv("Conv2d_0b_1x1", pool_proj, 1, stddev=0.1)],
        ],
    )


def _strided(name: str, three: tuple[int, int], double: tuple[int, int]) -> Mixed:
    """Returns a module of stride 2; arguments are the columns of figure 5."""
    return Mixed(
        name,
        [
            [_reduce(three[0]), Conv("Conv2d_1a_3x3", three[1], 3, stride=2)],
            [
                _reduce(double[0]),
                Conv("Conv2d_0b_3x3", double[1], 3),
                Conv("Conv2d_1a_3x3", double[1], 3, stride=2),
            ],
            [MaxPool("MaxPool_1a_3x3", 3, stride=2)],
        ],
    )


_AVG = AvgPool("AvgPool_0a_3x3")
_MAX = MaxPool("MaxPool_0a_3x3")

# Figure 5 of arXiv:1502.03167, with the depths of the published checkpoint.
FIRST_CONV = Conv("Conv2d_1a_7x7", 64, 7, stride=2, stddev=1.0)
FIRST_SEPARABLE_CONV = SeparableConv("Conv2d_1a_7x7", 64, 7, stddev=1.0)
ROOT_BLOCK = (
    FIRST_SEPARABLE_CONV,
    MaxPool("MaxPool_2a_3x3", 3, stride=2),
    Conv("Conv2d_2b_1x1", 64, 1, stddev=0.1),
    Conv("Conv2d_2c_3x3", 192, 3),
    MaxPool("MaxPool_3a_3x3", 3, stride=2),
)
MODULES = (
    #           #1x1, (#3x3 reduce, #3x3), (double #3x3 reduce, #3x3), pool + proj
    _mixed("Mixed_3b", 64, (64, 64), (64, 96), _AVG, 32),
    _mixed("Mixed_3c", 64, (64, 96), (64, 96), _AVG, 64),
    _strided("Mixed_4a", (128, 160), (64, 96)),
    _mixed("Mixed_4b", 224, (64, 96), (96, 128), _AVG, 128),
    _mixed("Mixed_4c", 192, (96, 128), (96, 128), _AVG, 128),
    _mixed("Mixed_4d", 160, (128, 160), (128, 160), _AVG, 96),
    _mixed("Mixed_4e", 96, (128, 192), (160, 192), _AVG, 96),
    _strided("Mixed_5a", (128, 192), (192, 256)),
    _mixed("Mixed_5b", 352, (192, 320), (160, 224), _AVG, 128),
    _mixed("Mixed_5c", 352, (192, 320), (192, 224), _MAX, 128),
)
TABLE: tuple[Row, ...] = (*ROOT_BLOCK, *MODULES)
HEAD = inception_utils.Head(
    window=7,
    stride=2,
    pool="AvgPool_1a",
    pool_end_point="AvgPool_1a",
    dropout="Dropout_1b",
    pre_logits_end_point="PreLogits",
    logits="Conv2d_1c_1x1",
)


def inception_v2_base(
    inputs: tf.Tensor,
    final_endpoint: str = "Mixed_5c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    use_separable_conv: bool = True,
    data_format: str = "NHWC",
    include_root_block: bool = True,
    scope: Any = None,
    *,
    table: Sequence[Row] = TABLE,
) -> tuple[tf.Tensor, EndPoints]:
    """Inception v2 without its classifier, up to an end point.

    Args:
      inputs: float [batch, height, width, channels], or as data_format says.
      final_endpoint: the last row built, a name of TABLE.
      min_depth: fewest channels of a layer after depth_multiplier.
      depth_multiplier: scales every layer's channels, > 0.
      use_separable_conv: make Conv2d_1a_7x7 a separable convolution, as published.
      data_format: 'NHWC', or without the separable convolution 'NCHW'.
      include_root_block: begin with ROOT_BLOCK, of stride 8.
      scope: variable scope, 'InceptionV2' if None.
      table: the network; it begins with ROOT_BLOCK.

    Returns:
      The final end point, and all end points by name.

    Raises:
      ValueError: depth_multiplier, data_format or final_endpoint is none of the values
        above.
    """
    first = table[0] if use_separable_conv else FIRST_CONV
    rows = inception_blocks.scale_depths(
        [first, *table[1:]], depth_multiplier, min_depth
    )
    data_format = scoping.check_data_format(data_format)
    if data_format == "NCHW" and use_separable_conv:
        raise errors.InputError(
            "data_format 'NCHW' needs use_separable_conv=False: there is no separable"
            " convolution in that layout"
        )
    if not include_root_block:
        rows = rows[len(ROOT_BLOCK) :]
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV2", [inputs]),
        slim.arg_scope(
            [
                slim.conv2d,
                slim.max_pool2d,
                slim.avg_pool2d,
                slim.batch_norm,
                inception_blocks.concatenate,
            ],
            data_format=data_format,
        ),
    ):
        return run_table(rows, inputs, final_endpoint)


def build_inception_v2(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool | tf.Tensor = True,
    dropout_keep_prob: float = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Callable = slim.softmax,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: Any = "InceptionV2",
    global_pool: bool = False,
    *,
    table: Sequence[Row],
) -> tuple[tf.Tensor, EndPoints]:
    """Inception v2 (arXiv:1502.03167) for classification.

    Args:
      inputs: float [batch, height, width, channels]; 224x224 in the paper.
      num_classes: number of logits; None or 0 returns the pooled features instead.
      is_training: whether dropout and batch norm train.
      dropout_keep_prob: the probability that a feature is kept in training.
      min_depth: fewest channels of a layer after depth_multiplier.
      depth_multiplier: scales every layer's channels, > 0.
      prediction_fn: `f(logits, scope=...)` gives the end point 'Predictions'.
      spatial_squeeze: drop the logits' height and width, which must be 1.
      reuse: reuse the network's variables; needs `scope`.
      scope: variable scope.
      global_pool: average over height and width, whatever they are; False averages
        7x7 windows, so that much larger images than 224x224 give a map.
      table: the network.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features [batch, rows, columns, depth]; and the end points by name.

    Raises:
      ValueError: inputs' rank is not 4, depth_multiplier is not positive, or the
        logits to squeeze are a map.
    """
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV2", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = inception_v2_base(
            inputs,
            min_depth=min_depth,
            depth_multiplier=depth_multiplier,
            scope=sc,
            table=table,
        )
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
        "inception_v2",
        build_inception_v2,
        inception_v2_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1502.03167, figure 5",
        parameters=11_179_361,
        arguments={"table": TABLE},
        multiply_adds=1934.9,
        top1=73.9,
        top5=91.8,
    ),
)

inception_v2 = named_builder(NETWORKS, "inception_v2")
