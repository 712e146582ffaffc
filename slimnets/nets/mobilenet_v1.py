"""MobileNet v1: "MobileNets: Efficient Convolutional Neural Networks for Mobile
Vision Applications".

Howard et al., arXiv:1704.04861: depthwise convolutions of 3x3, each followed by a 1x1
convolution that mixes the channels.

    with slim.arg_scope(mobilenet_v1.mobilenet_v1_arg_scope(is_training=False)):
        logits, end_points = mobilenet_v1.mobilenet_v1(images, is_training=False)
"""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.layers import recomputation
from slimnets.nets import spatial
from slimnets.nets.row import Network


class Conv(NamedTuple):
    """A convolution, normalized and activated."""

    kernel: Sequence[int]  # height and width
    stride: int
    depth: int  # output channels before depth_multiplier


class DepthSepConv(NamedTuple):
    """A depthwise convolution and a 1x1 one, both normalized and activated."""

    kernel: Sequence[int]  # height and width, depthwise
    stride: int  # of the depthwise one
    depth: int  # output channels of the 1x1 one before depth_multiplier


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
    final_endpoint: str = "Conv2d_13_pointwise",
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
        'Conv2d_<i>_pointwise' for i from 1 to 13.
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
    if output_stride not in (None, 8, 16, 32):
        raise errors.InputError(
            f"output_stride must be 8, 16 or 32 (or None), not {output_stride}"
        )
    layers = _layers(
        MOBILENETV1_CONV_DEFS if conv_defs is None else conv_defs,
        lambda depth: max(int(depth * depth_multiplier), min_depth),
        output_stride,
    )
    names = [layer.name for layer in layers]
    if final_endpoint not in names:
        raise errors.unknown("end point", final_endpoint, names)
    wanted = layers[: names.index(final_endpoint) + 1]
    net, end_points = inputs, {}
    with tf.compat.v1.variable_scope(scope, "MobilenetV1", [inputs]):
        for _, row in itertools.groupby(wanted, lambda layer: layer.row):
            net, parts = recomputation.block(
                _row, net, layers=tuple(row), use_explicit_padding=use_explicit_padding
            )
            end_points |= {**parts, list(parts)[-1]: net}
    return net, end_points


def _row(
    net: tf.Tensor, layers: Sequence["_Layer"], use_explicit_padding: bool
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Applies the layers of a row of the table; returns each one's output by name."""
    end_points = {}
    for layer in layers:
        if use_explicit_padding:
            net = spatial.fixed_padding(net, layer.kernel, layer.rate)
        net = end_points[layer.name] = layer.convolution(
            net,
            layer.depth,
            layer.kernel,
            stride=layer.stride,
            rate=layer.rate,
            padding="VALID" if use_explicit_padding else "SAME",
            scope=layer.name,
        )
    return net, end_points


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
            min_depth=min_depth,
            depth_multiplier=depth_multiplier,
            conv_defs=conv_defs,
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


mobilenet_v1.default_image_size = 224


def _thinned(depth_multiplier: float) -> Callable:
    """Returns mobilenet_v1 with another default of depth_multiplier."""
    partial = functools.partial(mobilenet_v1, depth_multiplier=depth_multiplier)
    return functools.update_wrapper(partial, mobilenet_v1)


mobilenet_v1_075 = _thinned(0.75)
mobilenet_v1_050 = _thinned(0.50)
mobilenet_v1_025 = _thinned(0.25)


class _Layer(NamedTuple):
    """One convolution, after depth_multiplier and output_stride."""

    row: int  # of the table
    name: str
    convolution: Callable[..., tf.Tensor]
    depth: int | None  # None: as many channels as the input, depthwise
    kernel: Sequence[int]
    stride: int = 1
    rate: int = 1


def _layers(
    conv_defs: Sequence[Conv | DepthSepConv],
    depth: Callable[[int], int],
    output_stride: int | None,
) -> list[_Layer]:
    """Takes conv_defs apart into convolutions."""
    for index, conv_def in enumerate(conv_defs):
        if not isinstance(conv_def, Conv | DepthSepConv):
            raise errors.InputError(
                f"conv_defs[{index}] is of type {type(conv_def).__name__}, neither Conv"
                " nor DepthSepConv"
            )
    strides_and_rates = spatial.replace_stride_with_dilation(
        [conv_def.stride for conv_def in conv_defs], output_stride
    )
    layers = []
    for index, (conv_def, dilated) in enumerate(
        zip(conv_defs, strides_and_rates, strict=True)
    ):
        name, kernel = f"Conv2d_{index}", conv_def.kernel
        channels = depth(conv_def.depth)
        if isinstance(conv_def, Conv):
            layers.append(_Layer(index, name, slim.conv2d, channels, kernel, *dilated))
        else:
            depthwise = slim.separable_conv2d, None, kernel, *dilated
            layers += [
                _Layer(index, f"{name}_depthwise", *depthwise),
                _Layer(index, f"{name}_pointwise", slim.conv2d, channels, [1, 1]),
            ]
    return layers


NETWORKS = (
    Network(
        "mobilenet_v1",
        mobilenet_v1,
        mobilenet_v1_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1704.04861, table 1",
        parameters=4_233_001,
        multiply_adds=568.7,
        top1=70.9,
        top5=89.9,
    ),
    Network(
        "mobilenet_v1_075",
        mobilenet_v1_075,
        mobilenet_v1_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1704.04861, table 1",
        parameters=2_586_329,
        multiply_adds=325.4,
        top1=68.4,
        top5=88.2,
    ),
    Network(
        "mobilenet_v1_050",
        mobilenet_v1_050,
        mobilenet_v1_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1704.04861, table 1",
        parameters=1_332_105,
        multiply_adds=149.5,
        top1=63.3,
        top5=84.9,
    ),
    Network(
        "mobilenet_v1_025",
        mobilenet_v1_025,
        mobilenet_v1_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1704.04861, table 1",
        parameters=470_329,
        multiply_adds=41.0,
        top1=49.8,
        top5=74.2,
    ),
)
