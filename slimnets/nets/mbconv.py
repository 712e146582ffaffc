"""What EfficientNet and MnasNet have in common: stages of inverted residuals.

A network is a `Table`: a strided 3x3 convolution, the blocks of its stages, a 1x1
convolution, then pooling and logits. The block is MobileNet v2's (arXiv:1801.04381),
with squeeze-excite (arXiv:1709.01507) where the table says so.
"""

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim
from slimnets.layers import scoping
from slimnets.nets import classifier, spatial
from slimnets.nets.mobilenet import conv_blocks
from slimnets.nets.table import EndPoints, run_table

SQUEEZE = 0.25  # a squeeze-excite's inner channels, divided by the block's input's
OUTPUT_STRIDES = (8, 16, 32)

# The initializers of the authors' code; a depthwise kernel's fan-out is its size.
CONVOLUTION = tf.compat.v1.variance_scaling_initializer(
    2.0, "fan_out", "untruncated_normal"
)
LOGITS = tf.compat.v1.variance_scaling_initializer(1 / 3, "fan_out", "uniform")


class Stage(NamedTuple):
    """Blocks of one kind: a row of a paper's table."""

    expansion: int  # channels inside a block, divided by its input's: 6 in 'MBConv6'
    kernel: int  # of the depthwise convolutions
    stride: int  # of the first block; the others have none
    depth: int  # channels of each block's output
    layers: int  # number of blocks
    squeeze_excite: bool


class Table(NamedTuple):
    """A network."""

    stem: int  # channels of the 3x3 convolution, of stride 2, before the stages
    stages: tuple[Stage, ...]
    head: int  # channels of the 1x1 convolution after them
    activation_fn: Callable[[tf.Tensor], tf.Tensor]


class Conv(NamedTuple):
    """A convolution, normalized and activated."""

    name: str
    depth: int
    kernel: int
    stride: int
    activation_fn: Callable[[tf.Tensor], tf.Tensor]
    use_explicit_padding: bool

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        if self.use_explicit_padding:
            net = spatial.fixed_padding(net, self.kernel)
        return slim.conv2d(
            net,
            self.depth,
            self.kernel,
            stride=stride,
            rate=rate if self.kernel > 1 else 1,
            padding="VALID" if self.use_explicit_padding else "SAME",
            normalizer_fn=slim.batch_norm,
            activation_fn=self.activation_fn,
            scope=self.name,
        )


class Block(NamedTuple):
    """An inverted residual of a stage."""

    name: str
    stage: Stage
    stride: int
    keep_prob: float  # that an example keeps its output in training
    activation_fn: Callable[[tf.Tensor], tf.Tensor]
    use_explicit_padding: bool

    def build(
        self, net: tf.Tensor, stride: int, rate: int
    ) -> tuple[tf.Tensor, EndPoints]:
        depth = scoping.get_channels(net, "NHWC")
        has_shortcut = self.stride == 1 and self.stage.depth == depth
        add = functools.partial(_add_to_shortcut, keep_prob=self.keep_prob)
        inside: EndPoints = {}
        net = conv_blocks.expanded_conv(
            net,
            self.stage.depth,
            expansion_size=self.stage.expansion * depth,
            stride=stride,
            rate=rate,
            kernel_size=self.stage.kernel,
            residual=add if has_shortcut else False,
            normalizer_fn=slim.batch_norm,
            expansion_transform=_squeeze_excite if self.stage.squeeze_excite else None,
            endpoints=inside,
            use_explicit_padding=self.use_explicit_padding,
            inner_activation_fn=self.activation_fn,
            scope=self.name,
        )
        return net, {f"{self.name}/{part}": x for part, x in inside.items()}


def _add_to_shortcut(
    input_tensor: tf.Tensor, output_tensor: tf.Tensor, keep_prob: float
) -> tf.Tensor:
    """Returns a block's sum; in training, of the examples that keep its output.

    Those outputs are scaled by 1 / keep_prob (stochastic depth, arXiv:1603.09382).
    """
    if keep_prob < 1:
        output_tensor = slim.dropout(
            output_tensor,
            keep_prob,
            noise_shape=[tf.shape(output_tensor)[0], 1, 1, 1],
            scope="drop_connect",
        )
    return input_tensor + output_tensor


def _squeeze_excite(expansion_tensor: tf.Tensor, input_tensor: tf.Tensor) -> tf.Tensor:
    """Weighs a block's inner channels by SQUEEZE times as many as its input has."""
    inner = scoping.get_channels(expansion_tensor, "NHWC")
    outer = scoping.get_channels(input_tensor, "NHWC")
    return conv_blocks.squeeze_excite(
        expansion_tensor, divisible_by=1, squeeze_factor=inner / (SQUEEZE * outer)
    )


def _list_rows(
    table: Table, drop_connect_rate: float, use_explicit_padding: bool
) -> Iterator[Conv | Block]:
    """Yields 'stem', 'block1a', 'block2a', 'block2b', ..., 'head'."""
    style = (table.activation_fn, use_explicit_padding)
    depth = sum(stage.layers for stage in table.stages)
    blocks_before = itertools.count()
    yield Conv("stem", table.stem, 3, 2, *style)
    for number, stage in enumerate(table.stages, 1):
        for index in range(stage.layers):
            name = f"block{number}{chr(ord('a') + index)}"
            keep_prob = 1 - drop_connect_rate * next(blocks_before) / depth
            stride = 1 if index else stage.stride
            yield Block(name, stage, stride, keep_prob, *style)
    yield Conv("head", table.head, 1, 1, *style)


def mbconv_arg_scope(
    weight_decay: float = 0.00001,
    batch_norm_decay: float = 0.99,
    batch_norm_epsilon: float = 0.001,
    batch_norm_updates_collections: Any = tf.compat.v1.GraphKeys.UPDATE_OPS,
) -> dict[str, Any]:
    """Returns the networks' defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizer of all weights, >= 0.
      batch_norm_decay: of the moving averages, in [0, 1].
      batch_norm_epsilon: added to the variance; weights trained in PyTorch may want
        its 1e-5.
      batch_norm_updates_collections: as batch_norm's updates_collections.
    """
    with (
        slim.arg_scope(
            [slim.conv2d, slim.separable_conv2d],
            weights_initializer=CONVOLUTION,
            weights_regularizer=slim.l2_regularizer(weight_decay),
        ),
        slim.arg_scope(
            [slim.batch_norm],
            decay=batch_norm_decay,
            epsilon=batch_norm_epsilon,
            updates_collections=batch_norm_updates_collections,
        ) as defaults,
    ):
        return defaults


def base(
    inputs: tf.Tensor,
    final_endpoint: str | None = None,
    *,
    table: Table,
    output_stride: int | None = None,
    use_explicit_padding: bool = False,
    drop_connect_rate: float = 0.0,
    scope: Any = None,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """A table's network without its classifier, up to an end point.

    Args:
      inputs: float [batch, height, width, channels].
      final_endpoint: the last layer built: 'stem', 'block1a' (stage 1, first block)
        and so on, or 'head'; None for all.
      table: the network.
      output_stride: 8, 16 or 32: images' size divided by features' size to stop at,
        by dilating what follows; None for the layers' own, 32.
      use_explicit_padding: pad by what kernels overhang, then convolve unpadded, as
        PyTorch does.
      drop_connect_rate: the probability, in training, that an example passes a block
        by its shortcut alone. It grows linearly from 0 at the first block, and the one
        after the last would have all of it. In [0, 1).
      scope: variable scope, 'MBConv' if None.

    Returns:
      The last layer's output, and the end points by name: the layers, and what is
      inside block1a: 'block1a/expansion_output' (where there is an expansion),
      '/depthwise_output' and '/projection_output'; likewise of the other blocks.

    Raises:
      InputError: final_endpoint or output_stride is none of the values above.
    """
    rows = list(_list_rows(table, drop_connect_rate, use_explicit_padding))
    with (
        tf.compat.v1.variable_scope(scope, "MBConv", [inputs]),
        slim.arg_scope([slim.batch_norm], scale=True),
        slim.arg_scope(
            [conv_blocks.squeeze_excite], inner_activation_fn=table.activation_fn
        ),
    ):
        return run_table(rows, inputs, final_endpoint, output_stride, OUTPUT_STRIDES)


def mbconv(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool | tf.Tensor = True,
    dropout_keep_prob: float = 0.8,
    drop_connect_rate: float = 0.0,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    use_explicit_padding: bool = False,
    reuse: bool | None = None,
    scope: Any = None,
    *,
    table: Table,
) -> tuple[tf.Tensor, EndPoints]:
    """A table's network, for classification.

    Args:
      inputs: float [batch, height, width, channels].
      num_classes: number of logits; None or 0 returns the features before them.
      is_training: whether dropout, drop connect and batch norm train.
      dropout_keep_prob: the probability that a feature is kept in training.
      drop_connect_rate: as `base`.
      global_pool: average over height and width before the logits.
      output_stride: as `base`.
      spatial_squeeze: drop the logits' height and width, which must be 1.
      use_explicit_padding: as `base`.
      reuse: reuse the network's variables; needs `scope`.
      scope: variable scope, 'MBConv' if None.
      table: the network.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features [batch, rows, columns, depth]; and the end points by name:
      those of `base`, then 'global_pool', 'PreLogits', 'Logits' and 'Predictions'.

    Raises:
      InputError: output_stride is none of `base`'s, or the logits to squeeze are a map.
    """
    with (
        tf.compat.v1.variable_scope(scope, "MBConv", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = base(
            inputs,
            table=table,
            output_stride=output_stride,
            use_explicit_padding=use_explicit_padding,
            drop_connect_rate=drop_connect_rate,
            scope=sc,
        )
        with slim.arg_scope([slim.conv2d], weights_initializer=LOGITS):
            net = classifier.add_classifier(
                net,
                end_points,
                num_classes,
                dropout_keep_prob,
                global_pool,
                spatial_squeeze,
            )
    return net, end_points
