"""RegNetY: "Designing Network Design Spaces".

Radosavovic et al., arXiv:2003.13678: residual units of grouped convolutions, whose
widths grow linearly with depth, rounded to a few steps; Y stands for squeeze-excite.

    with slim.arg_scope(regnet.regnet_arg_scope()):
        logits, end_points = regnet.regnet_y_400mf(images, is_training=False)

Strided convolutions are padded as PyTorch pads them, which the published weights expect
and which keeps dense features on the pixels of the nominal ones.
"""

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim
from slimnets.layers import scoping
from slimnets.nets import classifier, resnet_utils, spatial
from slimnets.nets.mobilenet import conv_blocks
from slimnets.nets.row import Network, named_builder
from slimnets.nets.table import EndPoints, run_table

STEM = 32  # channels of the strided convolution before the first block
QUANTUM = 8  # widths are multiples of it
SQUEEZE = 0.25  # a squeeze-excite's inner channels, divided by the unit's input's
OUTPUT_STRIDES = (2, 4, 8, 16, 32)


class Table(NamedTuple):
    """A network: the parameters of section 3.3, by their names in the paper."""

    d: int  # depth: number of units
    w_0: int  # the first unit's width
    w_a: float  # what each unit adds to it
    w_m: float  # ratio of a block's width to that of the block before
    g: int  # channels in a group


# The best of section 5 for their cost.
Y_400MF = Table(d=16, w_0=48, w_a=27.89, w_m=2.09, g=8)
Y_1_6GF = Table(d=27, w_0=48, w_a=20.71, w_m=2.65, g=24)
Y_8GF = Table(d=17, w_0=192, w_a=76.82, w_m=2.19, g=56)


def list_widths(table: Table) -> list[int]:
    """Returns each unit's channels (equations 2 to 4 of arXiv:2003.13678).

    They are the powers of w_m, times w_0, that are nearest to the line; then rounded
    to a multiple of QUANTUM, and then of g.
    """
    result = []
    for index in range(table.d):
        on_the_line = table.w_0 + table.w_a * index
        block = round(math.log(on_the_line / table.w_0, table.w_m))
        width = round(table.w_0 * table.w_m**block / QUANTUM) * QUANTUM
        result.append(conv_blocks.make_divisible(width, min(table.g, width)))
    return result


class Stem(NamedTuple):
    """A 3x3 convolution."""

    name: str
    depth: int
    stride: int = 2

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return resnet_utils.conv2d_same(
            net, self.depth, 3, stride, rate, scope=self.name
        )


class Unit(NamedTuple):
    """A residual unit: 1x1, grouped 3x3, squeeze-excite and 1x1 beside a shortcut.

    Figure 3 of arXiv:2003.13678, with bottleneck ratio 1.
    """

    name: str
    depth: int  # channels of the output, and of all convolutions inside
    group_width: int  # channels in a group
    stride: int  # of the grouped convolution, 1 or 2

    def build(
        self, net: tf.Tensor, stride: int, rate: int
    ) -> tuple[tf.Tensor, EndPoints]:
        inside: EndPoints = {}
        inputs = scoping.get_channels(net, "NHWC")
        with tf.compat.v1.variable_scope(self.name):
            shortcut = net
            # It keeps its convolution where the stride was given up for dilation.
            if self.stride > 1 or self.depth != inputs:
                shortcut = inside["shortcut"] = slim.conv2d(
                    net,
                    self.depth,
                    1,
                    stride=stride,
                    activation_fn=None,
                    scope="shortcut",
                )
            net = inside["conv1"] = slim.conv2d(net, self.depth, 1, scope="conv1")
            group_width = min(self.group_width, self.depth)
            net = inside["conv2"] = _convolve_groups(net, group_width, stride, rate)
            net = inside["squeeze_excite"] = conv_blocks.squeeze_excite(
                net, divisible_by=1, squeeze_factor=self.depth / (SQUEEZE * inputs)
            )
            net = inside["conv3"] = slim.conv2d(
                net, self.depth, 1, activation_fn=None, scope="conv3"
            )
            net = tf.nn.relu(shortcut + net)
        return net, {f"{self.name}/{part}": x for part, x in inside.items()}


def _convolve_groups(
    net: tf.Tensor, group_width: int, stride: int, rate: int
) -> tf.Tensor:
    """Applies a 3x3 convolution in groups, padded as resnet_utils.conv2d_same pads."""
    depth = scoping.get_channels(net, "NHWC")
    return slim.grouped_conv2d(
        spatial.fixed_padding(net, 3) if stride > 1 else net,
        depth,
        3,
        depth // group_width,
        stride=stride,
        padding="VALID" if stride > 1 else "SAME",
        rate=rate,
        scope="conv2",
    )


def _list_rows(table: Table) -> Iterator[Stem | Unit]:
    """Yields the stem and the units; those of one width are a block, which strides."""
    yield Stem("stem", STEM)
    for block, (depth, units) in enumerate(itertools.groupby(list_widths(table)), 1):
        for number, _ in enumerate(units, 1):
            name = f"block{block}/unit_{number}"
            yield Unit(name, depth, table.g, stride=2 if number == 1 else 1)


def regnet_arg_scope(
    weight_decay: float = 0.00005,
    batch_norm_decay: float = 0.9,
    batch_norm_epsilon: float = 1e-5,
    batch_norm_updates_collections: Any = tf.compat.v1.GraphKeys.UPDATE_OPS,
) -> dict[str, Any]:
    """Returns the networks' defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizer of all weights, >= 0.
      batch_norm_decay: of the moving averages, in [0, 1].
      batch_norm_epsilon: added to the variance.
      batch_norm_updates_collections: as batch_norm's updates_collections.
    """
    with (
        slim.arg_scope(
            [slim.conv2d, slim.grouped_conv2d],
            weights_initializer=tf.compat.v1.variance_scaling_initializer(
                2.0, "fan_out", "untruncated_normal"
            ),
            weights_regularizer=slim.l2_regularizer(weight_decay),
            normalizer_fn=slim.batch_norm,
        ),
        slim.arg_scope(
            [slim.batch_norm],
            scale=True,
            decay=batch_norm_decay,
            epsilon=batch_norm_epsilon,
            updates_collections=batch_norm_updates_collections,
        ) as defaults,
    ):
        return defaults


def regnet_base(
    inputs: tf.Tensor,
    final_endpoint: str | None = None,
    *,
    table: Table = Y_400MF,
    output_stride: int | None = None,
    scope: Any = None,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """A RegNetY without its classifier, up to an end point.

    Args:
      inputs: float [batch, height, width, channels].
      final_endpoint: the last layer built: 'stem', 'block1/unit_1' and so on; None for
        all.
      table: the network.
      output_stride: 2, 4, 8, 16 or 32: images' size divided by features' size to stop
        at, by dilating what follows; None for the layers' own, 32.
      scope: variable scope, 'regnet' if None.

    Returns:
      The last layer's output, and the end points by name: the stem and the units, and
      before each unit what is inside: 'block1/unit_1/shortcut' where it has weights,
      '/conv1', '/conv2' (the grouped one), '/squeeze_excite' and '/conv3'.

    Raises:
      InputError: final_endpoint or output_stride is none of the values above.
    """
    rows = list(_list_rows(table))
    with tf.compat.v1.variable_scope(scope, "regnet", [inputs]):
        return run_table(rows, inputs, final_endpoint, output_stride, OUTPUT_STRIDES)


def regnet(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool | tf.Tensor = True,
    dropout_keep_prob: float = 1.0,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: Any = "regnet",
    *,
    table: Table,
) -> tuple[tf.Tensor, EndPoints]:
    """A RegNetY of arXiv:2003.13678, for classification.

    Args:
      inputs: float [batch, height, width, channels].
      num_classes: number of logits; None or 0 returns the features before them.
      is_training: whether dropout and batch norm train.
      dropout_keep_prob: the probability that a feature is kept in training; the paper
        has no dropout.
      global_pool: average over height and width before the logits.
      output_stride: as regnet_base.
      spatial_squeeze: drop the logits' height and width, which must be 1.
      reuse: reuse the network's variables; needs `scope`.
      scope: variable scope.
      table: the network.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features [batch, rows, columns, depth]; and the end points by name:
      those of regnet_base, then 'global_pool', 'PreLogits', 'Logits' and 'Predictions'.

    Raises:
      InputError: output_stride is none of regnet_base's, or the logits to squeeze are a
        map.
    """
    with (
        tf.compat.v1.variable_scope(scope, "regnet", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = regnet_base(
            inputs, table=table, output_stride=output_stride, scope=sc
        )
        initializer = tf.compat.v1.random_normal_initializer(stddev=0.01)
        with slim.arg_scope([slim.conv2d], weights_initializer=initializer):
            net = classifier.add_classifier(
                net,
                end_points,
                num_classes,
                dropout_keep_prob,
                global_pool,
                spatial_squeeze,
            )
    return net, end_points


def _row(name: str, table: Table, **published: Any) -> Network:
    """Returns a network's row."""
    return Network(
        name,
        regnet,
        regnet_arg_scope,
        image_size=224,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:2003.13678, section 5",
        arguments={"table": table, "scope": name},
        **published,
    )


# Accuracies are those of torchvision's first weights (IMAGENET1K_V1), trained by a
# recipe like the paper's; its authors' own (pycls) have 74.1, 78.0 and 79.9 top-1.
NETWORKS = (
    _row(
        "regnet_y_400mf",
        Y_400MF,
        parameters=4_344_144,
        multiply_adds=401.8,
        top1=74.0,
        top5=91.7,
    ),
    _row(
        "regnet_y_1_6gf",
        Y_1_6GF,
        parameters=11_202_430,
        multiply_adds=1612.1,
        top1=78.0,
        top5=94.0,
    ),
    _row(
        "regnet_y_8gf",
        Y_8GF,
        parameters=39_381_472,
        multiply_adds=8473.1,
        top1=80.0,
        top5=95.0,
    ),
)

regnet_y_400mf = named_builder(NETWORKS, "regnet_y_400mf")
regnet_y_1_6gf = named_builder(NETWORKS, "regnet_y_1_6gf")
regnet_y_8gf = named_builder(NETWORKS, "regnet_y_8gf")
