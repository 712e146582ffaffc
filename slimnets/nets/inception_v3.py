"""Inception v3: "Rethinking the Inception Architecture for Computer Vision".

Szegedy et al., arXiv:1512.00567.

    with slim.arg_scope(inception_v3.inception_v3_arg_scope()):
        logits, end_points = inception_v3.inception_v3(images, is_training=False)
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets import slim
from slimnets.nets import image_size, inception_blocks, inception_utils, spatial
from slimnets.nets.inception_blocks import AvgPool, Conv, Fork, MaxPool, Mixed
from slimnets.nets.initializers import trunc_normal
from slimnets.nets.row import Network, named_builder
from slimnets.nets.table import EndPoints, Row, run_table

inception_v3_arg_scope = inception_utils.inception_arg_scope

SMALLEST_IMAGE = 75  # the side in pixels that leaves Mixed_7a one


def _figure_5(
    name: str,
    pool_proj: int,
    five_reduce: str = "Conv2d_0a_1x1",
    five: str = "Conv2d_0b_5x5",
) -> Mixed:
    """Returns a module of the 35x35 grid; `five_reduce` and `five` name two layers."""
    return Mixed(
        name,
        [
            [Conv("Conv2d_0a_1x1", 64, 1)],
            [Conv(five_reduce, 48, 1), Conv(five, 64, 5)],
            [
                Conv("Conv2d_0a_1x1", 64, 1),
                Conv("Conv2d_0b_3x3", 96, 3),
                Conv("Conv2d_0c_3x3", 96, 3),
            ],
            [AvgPool("AvgPool_0a_3x3"), Conv("Conv2d_0b_1x1", pool_proj, 1)],
        ],
    )


def _figure_6(name: str, depth: int) -> Mixed:
    """Returns a module of the 17x17 grid: 7x7 convolutions of `depth`, factorized."""
    return Mixed(
        name,
        [
            [Conv("Conv2d_0a_1x1", 192, 1)],
            [
                Conv("Conv2d_0a_1x1", depth, 1),
                Conv("Conv2d_0b_1x7", depth, (1, 7)),
                Conv("Conv2d_0c_7x1", 192, (7, 1)),
            ],
            [
                Conv("Conv2d_0a_1x1", depth, 1),
                Conv("Conv2d_0b_7x1", depth, (7, 1)),
                Conv("Conv2d_0c_1x7", depth, (1, 7)),
                Conv("Conv2d_0d_7x1", depth, (7, 1)),
                Conv("Conv2d_0e_1x7", 192, (1, 7)),
            ],
            [AvgPool("AvgPool_0a_3x3"), Conv("Conv2d_0b_1x1", 192, 1)],
        ],
    )


def _figure_7(name: str, three_by_one: str = "Conv2d_0c_3x1") -> Mixed:
    """Returns a module of the 8x8 grid; `three_by_one` names a layer of it."""
    return Mixed(
        name,
        [
            [Conv("Conv2d_0a_1x1", 320, 1)],
            [
                Conv("Conv2d_0a_1x1", 384, 1),
                Fork(
                    [
                        Conv("Conv2d_0b_1x3", 384, (1, 3)),
                        Conv(three_by_one, 384, (3, 1)),
                    ]
                ),
            ],
            [
                Conv("Conv2d_0a_1x1", 448, 1),
                Conv("Conv2d_0b_3x3", 384, 3),
                Fork(
                    [
                        Conv("Conv2d_0c_1x3", 384, (1, 3)),
                        Conv("Conv2d_0d_3x1", 384, (3, 1)),
                    ]
                ),
            ],
            [AvgPool("AvgPool_0a_3x3"), Conv("Conv2d_0b_1x1", 192, 1)],
        ],
    )


# Table 1 of arXiv:1512.00567. Depths, the 1x1 convolution and odd names (in Mixed_5c,
# _6a and _7b) are those of the published checkpoint.
TABLE: tuple[Row, ...] = (
    Conv("Conv2d_1a_3x3", 32, 3, 2, "VALID"),
    Conv("Conv2d_2a_3x3", 32, 3, 1, "VALID"),
    Conv("Conv2d_2b_3x3", 64, 3),
    MaxPool("MaxPool_3a_3x3", 3, 2, "VALID"),
    Conv("Conv2d_3b_1x1", 80, 1, 1, "VALID"),
    Conv("Conv2d_4a_3x3", 192, 3, 1, "VALID"),
    MaxPool("MaxPool_5a_3x3", 3, 2, "VALID"),
    _figure_5("Mixed_5b", pool_proj=32),
    _figure_5("Mixed_5c", 64, five_reduce="Conv2d_0b_1x1", five="Conv_1_0c_5x5"),
    _figure_5("Mixed_5d", pool_proj=64),
    Mixed(  # figure 10
        "Mixed_6a",
        [
            [Conv("Conv2d_1a_1x1", 384, 3, 2, "VALID")],
            [
                Conv("Conv2d_0a_1x1", 64, 1),
                Conv("Conv2d_0b_3x3", 96, 3),
                Conv("Conv2d_1a_1x1", 96, 3, 2, "VALID"),
            ],
            [MaxPool("MaxPool_1a_3x3", 3, 2, "VALID")],
        ],
    ),
    _figure_6("Mixed_6b", depth=128),
    _figure_6("Mixed_6c", depth=160),
    _figure_6("Mixed_6d", depth=160),
    _figure_6("Mixed_6e", depth=192),
    Mixed(  # figure 10
        "Mixed_7a",
        [
            [
                Conv("Conv2d_0a_1x1", 192, 1),
                Conv("Conv2d_1a_3x3", 320, 3, 2, "VALID"),
            ],
            [
                Conv("Conv2d_0a_1x1", 192, 1),
                Conv("Conv2d_0b_1x7", 192, (1, 7)),
                Conv("Conv2d_0c_7x1", 192, (7, 1)),
                Conv("Conv2d_1a_3x3", 192, 3, 2, "VALID"),
            ],
            [MaxPool("MaxPool_1a_3x3", 3, 2, "VALID")],
        ],
    ),
    _figure_7("Mixed_7b", three_by_one="Conv2d_0b_3x1"),
    _figure_7("Mixed_7c"),
)
HEAD = inception_utils.Head(
    window=8,
    stride=2,
    pool="AvgPool_1a",
    pool_end_point="AvgPool_1a",
    dropout="Dropout_1b",
    pre_logits_end_point="PreLogits",
    logits="Conv2d_1c_1x1",
)


def inception_v3_base(
    inputs: tf.Tensor,
    final_endpoint: str = "Mixed_7c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    scope: Any = None,
    *,
    pools_see_padding: bool = False,
    table: Sequence[Row] = TABLE,
) -> tuple[tf.Tensor, EndPoints]:
    """Inception v3 without its classifier, up to an end point.

    Args:
      inputs: float [batch, height, width, channels].
      final_endpoint: the last row built, a name of TABLE.
      min_depth: fewest channels of a layer after depth_multiplier.
      depth_multiplier: scales every layer's channels, > 0.
      scope: variable scope, 'InceptionV3' if None.
      pools_see_padding: the modules' average pools see zeros around images, as
        PyTorch's libraries have them.
      table: the network.

    Returns:
      The final end point, and all end points by name.

    Raises:
      ValueError: depth_multiplier is not positive, there is no such end point, or
        images are too small for it.
    """
    rows = inception_blocks.scale_depths(table, depth_multiplier, min_depth)
    if pools_see_padding:
        rows = inception_blocks.replace_in_layers(rows, sees_padding=lambda _: True)
    with tf.compat.v1.variable_scope(scope, "InceptionV3", [inputs]):
        return run_table(rows, inputs, final_endpoint)


def build_inception_v3(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool | tf.Tensor = True,
    dropout_keep_prob: float = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Callable = slim.softmax,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    create_aux_logits: bool = True,
    scope: Any = "InceptionV3",
    global_pool: bool = False,
    *,
    pools_see_padding: bool = False,
    table: Sequence[Row],
) -> tuple[tf.Tensor, EndPoints]:
    """Inception v3 (arXiv:1512.00567) for classification.

    Args:
      inputs: float [batch, height, width, channels], at least 75x75; 299x299 in the
        paper.
      num_classes: number of logits; None or 0 returns the pooled features instead.
      is_training: whether dropout and batch norm train.
      dropout_keep_prob: the probability that a feature is kept in training.
      min_depth: fewest channels of a layer after depth_multiplier.
      depth_multiplier: scales every layer's channels, > 0.
      prediction_fn: `f(logits, scope=...)` gives the end point 'Predictions'.
      spatial_squeeze: drop the logits' height and width, which must be 1.
      reuse: reuse the network's variables; needs `scope`.
      create_aux_logits: make the auxiliary head, the end point 'AuxLogits', whatever
        is_training says: published checkpoints have its variables.
      scope: variable scope.
      global_pool: average over height and width, whatever they are; False averages
        8x8 windows, so that much larger images than 299x299 give a map.
      pools_see_padding: see inception_v3_base.
      table: the network.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features [batch, rows, columns, depth]; and the end points by name.

    Raises:
      ValueError: inputs' rank is not 4, images are too small, depth_multiplier is not
        positive, or the logits to squeeze are a map.
    """
    image_size.check_image_size(inputs, "inception_v3", SMALLEST_IMAGE)
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV3", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = inception_v3_base(
            inputs,
            min_depth=min_depth,
            depth_multiplier=depth_multiplier,
            scope=sc,
            pools_see_padding=pools_see_padding,
            table=table,
        )
        if create_aux_logits and num_classes:
            end_points["AuxLogits"] = _auxiliary(
                end_points["Mixed_6e"],
                num_classes,
                inception_blocks.depth_scale(depth_multiplier, min_depth),
                spatial_squeeze,
                global_pool,
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


def _auxiliary(
    net: tf.Tensor,
    num_classes: int,
    depth: Callable[[int], int],
    spatial_squeeze: bool,
    global_pool: bool,
) -> tf.Tensor:
    """Classifies Mixed_6e (figure 8), to train what comes before it."""
    with tf.compat.v1.variable_scope("AuxLogits"):
        net = inception_utils.auxiliary_features(net, depth(128), "AvgPool_1a_5x5")
        kernel = spatial.clip_window(net, 5)
        net = slim.conv2d(
            net,
            depth(768),
            kernel,
            padding="VALID",
            weights_initializer=trunc_normal(0.01),
            scope="Conv2d_2a_{}x{}".format(*kernel),
        )
        logits = slim.conv2d(
            net,
            num_classes,
            1,
            activation_fn=None,
            normalizer_fn=None,
            weights_initializer=trunc_normal(0.001),
            scope="Conv2d_2b_1x1",
        )
        if not spatial_squeeze:
            return logits
        if global_pool:  # images above 299x299 give a map
            logits = tf.reduce_mean(logits, [1, 2], keepdims=True, name="global_pool")
        return spatial.squeeze_logits(logits, "SpatialSqueeze")


NETWORKS = (
    Network(
        "inception_v3",
        build_inception_v3,
        inception_v3_arg_scope,
        image_size=299,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1512.00567, table 1",
        parameters=27_145_970,
        arguments={"table": TABLE},
        multiply_adds=5718.9,
        top1=78.0,
        top5=93.9,
    ),
)

inception_v3 = named_builder(NETWORKS, "inception_v3")
