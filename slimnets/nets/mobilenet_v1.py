"""MobileNet v1: "MobileNets: Efficient Convolutional Neural Networks for Mobile
Vision Applications".

Howard et al., arXiv:1704.04861: depthwise convolutions of 3x3, each followed by a 1x1
convolution that mixes the channels.

    with slim.arg_scope(mobilenet_v1.mobilenet_v1_arg_scope(is_training=False)):
        logits, end_points = mobilenet_v1.mobilenet_v1(images, is_training=False)
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.layers import scoping
from slimnets.nets import partials, spatial, table
from slimnets.nets.row import Network, named_builder

wrapped_partial = partials.wrapped_partial


class _Convolution(NamedTuple):
    """A convolution as it is built, normalized and activated."""

    name: str
    layer: Callable[..., tf.Tensor]
    depth: int | None  # output channels; None for as many as the input's, depthwise
    kernel: Sequence[int]
    stride: int
    use_explicit_padding: bool

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        padding = "SAME"
        if self.use_explicit_padding:
            net, padding = spatial.fixed_padding(net, self.kernel, rate), "VALID"
        return self.layer(
            net,
            self.depth,
            self.kernel,
            stride=stride,
            rate=1 if scoping.to_pair(self.kernel) == (1, 1) else rate,
            padding=padding,
            scope=self.name,
        )


class Conv(NamedTuple):
    """A convolution, normalized and activated."""

    kernel: Sequence[int]  # height and width
    stride: int
    depth: int  # output channels before depth_multiplier

    def place(self, name: str, depth: int, use_explicit_padding: bool) -> table.Row:
        """Returns its convolution, with `depth` output channels."""
        return _Convolution(
            name, slim.conv2d, depth, self.kernel, self.stride, use_explicit_padding
        )


class DepthSepConv(NamedTuple):
    """A depthwise convolution and a 1x1 one, both normalized and activated."""

    kernel: Sequence[int]  # height and width, depthwise
    stride: int  # of the depthwise one
    depth: int  # output channels of the 1x1 one before depth_multiplier

    def place(self, name: str, depth: int, use_explicit_padding: bool) -> table.Block:
        """Returns its convolutions, with `depth` output channels."""
        depthwise = _Convolution(
            f"{name}_depthwise",
            slim.separable_conv2d,
            None,
            self.kernel,
            self.stride,
            use_explicit_padding,
        )
        pointwise = _Convolution(
            f"{name}_pointwise", slim.conv2d, depth, [1, 1], 1, use_explicit_padding
        )
        return table.Block((depthwise, pointwise))


# Table 1 of arXiv:1704.04861.
MOBILENETV1_CONV_DEFS: list[Conv | DepthSepConv] = [
    Conv([3, 3], stride=2, depth=32),
    DepthSepConv([3, 3], stride=1, depth=64),
    DepthSepConv([3, 3], stride=2, depth=128),
    DepthSepConv([3, 3], stride=1, depth=128),
    DepthSepConv([3, 3], stride=2, depth=256),
    DepthSepConv([3, 3], stride=1, depth=256),
    DepthSepConv([3, 3], stride=2, depth=512),
    *[DepthSepConv([3, 3], stride=1, depth=512)] * 5,
    DepthSepConv([3, 3], stride=2, depth=1024),
    DepthSepConv([3, 3], stride=1, depth=1024),
]


def mobilenet_v1_arg_scope(
    is_training: bool | None = True,
    weight_decay: float = 0.00004,
    stddev: float = 0.09,
    regularize_depthwise: bool = False,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    batch_norm_updates_collections: Any = tf.compat.v1.GraphKeys.UPDATE_OPS,
    normalizer_fn: Callable | None = slim.batch_norm,
) -> dict[str, Any]:
    """Returns the network's defaults, for `slim.arg_scope`.

    Args:
      is_training: whether batch norm trains; None leaves that to other scopes.
      weight_decay: of the L2 regularizers, >= 0.
      stddev: standard deviation of the truncated normal initializer.
      regularize_depthwise: regularize the depthwise weights too.
      batch_norm_decay: of the moving averages, in [0, 1].
      batch_norm_epsilon: added to the variance.
      batch_norm_updates_collections: as batch_norm's updates_collections.
      normalizer_fn: of all layers but the logits.
    """
    mode = {} if is_training is None else {"is_training": is_training}
    regularizer = slim.l2_regularizer(weight_decay)
    with (
        slim.arg_scope(
            [slim.conv2d, slim.separable_conv2d],
            weights_initializer=tf.compat.v1.truncated_normal_initializer(
                stddev=stddev
            ),
            activation_fn=tf.nn.relu6,
            normalizer_fn=normalizer_fn,
        ),
        slim.arg_scope(
            [slim.batch_norm],
            center=True,
            scale=True,
            decay=batch_norm_decay,
            epsilon=batch_norm_epsilon,
            updates_collections=batch_norm_updates_collections,
            **mode,
        ),
        slim.arg_scope([slim.conv2d], weights_regularizer=regularizer),
        slim.arg_scope(
            [slim.separable_conv2d],
            weights_regularizer=regularizer if regularize_depthwise else None,
        ) as defaults,
    ):
        return defaults


def mobilenet_v1_base(
    inputs: tf.Tensor,
    final_endpoint: str | None = "Conv2d_13_pointwise",
    min_depth: int = 8,
    depth_multiplier: float = 1.0,
    conv_defs: Sequence[Conv | DepthSepConv] | None = None,
    output_stride: int | None = None,
    use_explicit_padding: bool = False,
    scope: Any = None,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """MobileNet v1 without its classifier, up to an end point.

    Args:
      inputs: float [batch, height, width, channels].
      final_endpoint: the last layer built: 'Conv2d_0', then 'Conv2d_<i>_depthwise' and
        'Conv2d_<i>_pointwise' for i from 1 to 13; None for all layers.
      min_depth: fewest channels of a layer after depth_multiplier.
      depth_multiplier: scales every layer's channels, > 0.
      conv_defs: the layers; None takes MOBILENETV1_CONV_DEFS.
      output_stride: 8, 16 or 32: images' size divided by features' size to stop at,
        by dilating what follows; None for the layers' own, 32.
      use_explicit_padding: pad by what kernels overhang, then convolve unpadded.
      scope: variable scope, 'MobilenetV1' if None.

    Returns:
      The final end point, and all end points by name.

    Raises:
      ValueError: depth_multiplier, output_stride or final_endpoint is none of the
        values above.
    """
    if depth_multiplier <= 0:
        raise errors.InputError(
            f"depth_multiplier must be greater than zero, not {depth_multiplier}"
        )
    rows: list[table.Row | table.Block] = []
    for index, row in enumerate(
        MOBILENETV1_CONV_DEFS if conv_defs is None else conv_defs
    ):
        if not isinstance(row, Conv | DepthSepConv):
            raise errors.InputError(
                f"conv_defs[{index}] is of type {type(row).__name__}, neither Conv nor"
                " DepthSepConv"
            )
        depth = max(int(row.depth * depth_multiplier), min_depth)
        rows.append(row.place(f"Conv2d_{index}", depth, use_explicit_padding))
    with tf.compat.v1.variable_scope(scope, "MobilenetV1", [inputs]):
        return table.run_table(rows, inputs, final_endpoint, output_stride, (8, 16, 32))


def mobilenet_v1(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    dropout_keep_prob: float = 0.999,
    is_training: bool | tf.Tensor = True,
    min_depth: int = 8,
    depth_multiplier: float = 1.0,
    conv_defs: Sequence[Conv | DepthSepConv] | None = None,
    prediction_fn: Callable | None = slim.softmax,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: Any = "MobilenetV1",
    global_pool: bool = False,
    use_explicit_padding: bool = False,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """MobileNet v1 (arXiv:1704.04861) for classification.

    Args:
      inputs: float [batch, height, width, channels].
      num_classes: number of logits; None or 0 returns the pooled features instead.
      dropout_keep_prob: the probability that a feature is kept in training.
      is_training: whether dropout and batch norm train.
      min_depth: fewest channels of a layer after depth_multiplier.
      depth_multiplier: scales every layer's channels, > 0.
      conv_defs: the layers; None takes MOBILENETV1_CONV_DEFS.
      prediction_fn: `f(logits, scope=...)` gives the end point 'Predictions'; None
        for none.
      spatial_squeeze: drop the logits' height and width, which must be 1.
      reuse: reuse the network's variables; needs `scope`.
      scope: variable scope.
      global_pool: average over height and width, whatever they are; False averages
        7x7 windows, so that images above 224 pixels give a map.
      use_explicit_padding: pad by what kernels overhang, then convolve unpadded, as
        PyTorch does.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features [batch, rows, columns, depth]; and the end points by name.

    Raises:
      ValueError: inputs' rank is not 4, depth_multiplier is not positive, or the
        logits to squeeze are a map.
    """
    with (
        tf.compat.v1.variable_scope(scope, "MobilenetV1", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = mobilenet_v1_base(
            inputs,
            final_endpoint=None,
            min_depth=min_depth,
            depth_multiplier=depth_multiplier,
            conv_defs=conv_defs,
            use_explicit_padding=use_explicit_padding,
            scope=sc,
        )
        with tf.compat.v1.variable_scope("Logits"):
            if global_pool:
                net = tf.reduce_mean(net, [1, 2], keepdims=True, name="global_pool")
                end_points["global_pool"] = net
            else:
                net = slim.avg_pool2d(
                    net, spatial.clip_window(net, 7), scope="AvgPool_1a"
                )
                end_points["AvgPool_1a"] = net
            if not num_classes:
                return net, end_points
            net = slim.dropout(net, dropout_keep_prob, scope="Dropout_1b")
            logits = slim.conv2d(
                net,
                num_classes,
                1,
                activation_fn=None,
                normalizer_fn=None,
                scope="Conv2d_1c_1x1",
            )
            if spatial_squeeze:
                logits = spatial.squeeze_logits(logits, "SpatialSqueeze")
        end_points["Logits"] = logits
        if prediction_fn:
            end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


_row = functools.partial(
    Network,
    builder=mobilenet_v1,
    arg_scope=mobilenet_v1_arg_scope,
    image_size=224,
    preprocessing="inception",
    classes=1001,
    paper="arXiv:1704.04861, table 1",
)
NETWORKS = (
    _row(
        "mobilenet_v1",
        arguments={"conv_defs": MOBILENETV1_CONV_DEFS},
        parameters=4_233_001,
        multiply_adds=568.7,
        top1=70.9,
        top5=89.9,
    ),
    _row(
        "mobilenet_v1_075",
        arguments={"conv_defs": MOBILENETV1_CONV_DEFS, "depth_multiplier": 0.75},
        parameters=2_586_329,
        multiply_adds=325.4,
        top1=68.4,
        top5=88.2,
    ),
    _row(
        "mobilenet_v1_050",
        arguments={"conv_defs": MOBILENETV1_CONV_DEFS, "depth_multiplier": 0.50},
        parameters=1_332_105,
        multiply_adds=149.5,
        top1=63.3,
        top5=84.9,
    ),
    _row(
        "mobilenet_v1_025",
        arguments={"conv_defs": MOBILENETV1_CONV_DEFS, "depth_multiplier": 0.25},
        parameters=470_329,
        multiply_adds=41.0,
        top1=49.8,
        top5=74.2,
    ),
)

mobilenet_v1_075 = named_builder(NETWORKS, "mobilenet_v1_075")
mobilenet_v1_050 = named_builder(NETWORKS, "mobilenet_v1_050")
mobilenet_v1_025 = named_builder(NETWORKS, "mobilenet_v1_025")
