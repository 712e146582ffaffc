"""What EfficientNet and MnasNet have in common: stages of inverted residuals.

A network is a `Table`: a strided 3x3 convolution, the blocks of its stages, a 1x1
convolution, then pooling and logits. The block is MobileNet v2's (arXiv:1801.04381),
with squeeze-excite (arXiv:1709.01507) where the table says so.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.layers import recomputation, scoping
from slimnets.nets import classifier, spatial
from slimnets.nets.mobilenet import conv_blocks

STEM, HEAD = "stem", "head"
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


class _Layer(NamedTuple):
    """A block; without expansion, a convolution."""

    name: str
    depth: int
    kernel: int
    stride: int
    expansion: int | None = None
    squeeze_excite: bool = False


class _Setting(NamedTuple):
    """What every layer needs to know."""

    activation_fn: Callable[[tf.Tensor], tf.Tensor]
    use_explicit_padding: bool


def _layers(table: Table) -> list[_Layer]:
    """Takes a table apart: 'stem', 'block1a', 'block2a', 'block2b', ..., 'head'."""
    blocks = [
        _Layer(
            f"block{number}{chr(ord('a') + index)}",
            stage.depth,
            stage.kernel,
            1 if index else stage.stride,
            stage.expansion,
            stage.squeeze_excite,
        )
        for number, stage in enumerate(table.stages, 1)
        for index in range(stage.layers)
    ]
    return [_Layer(STEM, table.stem, 3, 2), *blocks, _Layer(HEAD, table.head, 1, 1)]


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
    layers = _layers(table)
    names = [layer.name for layer in layers]
    if final_endpoint not in (None, *names):
        raise errors.unknown("end point", str(final_endpoint), names)
    if output_stride not in (None, *OUTPUT_STRIDES):
        raise errors.InputError(
            f"output_stride must be 8, 16 or 32 (or None), not {output_stride}"
        )
    dilated = spatial.replace_stride_with_dilation(
        [x.stride for x in layers], output_stride
    )
    setting = _Setting(table.activation_fn, use_explicit_padding)
    blocks = len(layers) - 2
    net, end_points = inputs, {}
    with (
        tf.compat.v1.variable_scope(scope, "MBConv", [inputs]),
        slim.arg_scope([slim.batch_norm], scale=True),
        slim.arg_scope(
            [conv_blocks.squeeze_excite], inner_activation_fn=table.activation_fn
        ),
    ):
        for number, (layer, atrous) in enumerate(zip(layers, dilated, strict=True)):
            form = {"layer": layer, "setting": setting, "atrous": atrous}
            if layer.expansion is None:
                net = recomputation.block(_convolved, net, **form)
            else:
                form["keep_prob"] = 1 - drop_connect_rate * (number - 1) / blocks
                net, parts = recomputation.block(_block, net, **form)
                end_points |= {f"{layer.name}/{part}": x for part, x in parts.items()}
            end_points[layer.name] = net
            if layer.name == final_endpoint:
                break
    return net, end_points


def network(
    name: str,
    table: Table,
    image_size: int,
    source: str,
    keep_prob: float,
    drop_connect: float = 0.0,
) -> Callable[..., tuple[tf.Tensor, dict[str, tf.Tensor]]]:
    """Returns the builder of a table's network.

    Args:
      name: of the builder and of its variable scope.
      table: the network.
      image_size: height and width it is usually given, in pixels.
      source: where the table stands.
      keep_prob: default of the builder's dropout_keep_prob.
      drop_connect: default of its drop_connect_rate.
    """

    def built(
        inputs: tf.Tensor,
        num_classes: int | None = 1000,
        is_training: bool | tf.Tensor = True,
        dropout_keep_prob: float = keep_prob,
        drop_connect_rate: float = drop_connect,
        global_pool: bool = True,
        output_stride: int | None = None,
        spatial_squeeze: bool = True,
        use_explicit_padding: bool = False,
        reuse: bool | None = None,
        scope: Any = name,
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        trained = [slim.batch_norm, slim.dropout]
        with (
            tf.compat.v1.variable_scope(scope, name, [inputs], reuse=reuse) as sc,
            slim.arg_scope(trained, is_training=is_training),
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

    built.__name__ = built.__qualname__ = name
    built.__doc__ = _DOCSTRING.format(source=source)
    built.default_image_size = image_size
    return built


_DOCSTRING = """The network of {source}.

Args:
  inputs: float [batch, height, width, channels].
  num_classes: number of logits; None or 0 returns the features before them.
  is_training: whether dropout, drop connect and batch norm train.
  dropout_keep_prob: the probability that a feature is kept in training.
  drop_connect_rate: as mbconv.base.
  global_pool: average over height and width before the logits.
  output_stride: as mbconv.base.
  spatial_squeeze: drop the logits' height and width, which must be 1.
  use_explicit_padding: as mbconv.base.
  reuse: reuse the network's variables; needs `scope`.
  scope: variable scope.

Returns:
  float logits [batch, num_classes], or [batch, rows, columns, num_classes] unsqueezed,
  or features [batch, rows, columns, depth]; and the end points by name: those of
  mbconv.base, then 'global_pool', 'PreLogits', 'Logits' and 'Predictions'.

Raises:
  ValueError: output_stride is none of mbconv.base's, or the logits to squeeze are a
    map.
"""


def _convolved(
    net: tf.Tensor, layer: _Layer, atrous: tuple[int, int], setting: _Setting
) -> tf.Tensor:
    """Applies a convolution of stride and rate `atrous`, normalized and activated."""
    stride, rate = atrous
    if setting.use_explicit_padding:
        net = spatial.fixed_padding(net, layer.kernel)
    return slim.conv2d(
        net,
        layer.depth,
        layer.kernel,
        stride=stride,
        rate=rate if layer.kernel > 1 else 1,
        padding="VALID" if setting.use_explicit_padding else "SAME",
        normalizer_fn=slim.batch_norm,
        activation_fn=setting.activation_fn,
        scope=layer.name,
    )


def _block(
    net: tf.Tensor,
    layer: _Layer,
    atrous: tuple[int, int],
    keep_prob: float,
    setting: _Setting,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Applies a block; returns its output, and what is inside by name."""
    stride, rate = atrous
    parts = {}
    depth = scoping.channels_of(net, "NHWC")
    has_shortcut = layer.stride == 1 and layer.depth == depth
    net = conv_blocks.expanded_conv(
        net,
        layer.depth,
        expansion_size=layer.expansion * depth,
        stride=stride,
        rate=rate,
        kernel_size=layer.kernel,
        residual=_sum(keep_prob) if has_shortcut else False,
        normalizer_fn=slim.batch_norm,
        expansion_transform=_squeeze_excite if layer.squeeze_excite else None,
        endpoints=parts,
        use_explicit_padding=setting.use_explicit_padding,
        inner_activation_fn=setting.activation_fn,
        scope=layer.name,
    )
    return net, parts


def _sum(keep_prob: float) -> Callable[..., tf.Tensor]:
    """Returns `f(input_tensor=..., output_tensor=...)`, a block's sum.

    In training it forgets the output of an example at random, and scales those of the
    others by 1 / keep_prob (stochastic depth, arXiv:1603.09382).
    """

    def added(input_tensor: tf.Tensor, output_tensor: tf.Tensor) -> tf.Tensor:
        if keep_prob < 1:
            output_tensor = slim.dropout(
                output_tensor,
                keep_prob,
                noise_shape=[tf.shape(output_tensor)[0], 1, 1, 1],
                scope="drop_connect",
            )
        return input_tensor + output_tensor

    return added


def _squeeze_excite(expansion_tensor: tf.Tensor, input_tensor: tf.Tensor) -> tf.Tensor:
    """Weighs a block's inner channels by SQUEEZE times as many as its input has."""
    inner = scoping.channels_of(expansion_tensor, "NHWC")
    outer = scoping.channels_of(input_tensor, "NHWC")
    return conv_blocks.squeeze_excite(
        expansion_tensor, divisible_by=1, squeeze_factor=inner / (SQUEEZE * outer)
    )
