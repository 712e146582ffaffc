"""MobileNet v4, the convolutional networks.

"MobileNetV4: Universal Models for the Mobile Ecosystem", Qin et al., arXiv:2404.10518.
Their block, the universal inverted bottleneck, has a depthwise convolution before its
expansion, within it, at both places or at none.

    with slim.arg_scope(mobilenet_v4.training_scope(is_training=False)):
        logits, end_points = mobilenet_v4.conv_small(images)

Weights trained in PyTorch, as timm's, want its padding and its epsilon:
`use_explicit_padding=True` here, `bn_epsilon=1e-5` in the scope.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim
from slimnets.nets.mobilenet import conv_blocks, mobilenet_v3
from slimnets.nets.mobilenet import mobilenet as lib
from slimnets.nets.mobilenet.uib import universal_inverted_bottleneck
from slimnets.nets.row import Network

op = lib.op


class Conv(NamedTuple):
    """A convolution, normalized and activated."""

    kernel: int
    depth: int  # output channels before depth_multiplier
    stride: int = 1


class FusedIB(NamedTuple):
    """An inverted bottleneck whose expansion is the spatial convolution."""

    kernel: int
    expanded: int  # channels inside
    depth: int
    stride: int = 1


class UIB(NamedTuple):
    """A universal inverted bottleneck, in the order of the tables' columns."""

    start: int  # DW K1: kernel of the depthwise convolution before the expansion
    middle: int  # DW K2: of the one within; 0 for none, of either
    expanded: int  # channels inside
    depth: int  # output channels before depth_multiplier
    stride: int = 1


Block = Conv | FusedIB | UIB
HEAD = 1280  # channels of the convolution after pooling

# Tables 11 to 13 of arXiv:2404.10518, up to pooling. They call a block of two kernels
# ExtraDW; of the first alone, ConvNext; of the second alone, IB; of none, FFN. Small's
# FusedIB are two convolutions, both activated.
CONV_SMALL = (
    Conv(3, 32, stride=2),
    Conv(3, 32, stride=2),
    Conv(1, 32),
    Conv(3, 96, stride=2),
    Conv(1, 64),
    UIB(5, 5, 192, 96, stride=2),
    *[UIB(0, 3, 192, 96)] * 4,
    UIB(3, 0, 384, 96),
    UIB(3, 3, 576, 128, stride=2),
    UIB(5, 5, 512, 128),
    UIB(0, 5, 512, 128),
    UIB(0, 5, 384, 128),
    *[UIB(0, 3, 512, 128)] * 2,
    Conv(1, 960),
)
CONV_MEDIUM = (
    Conv(3, 32, stride=2),
    FusedIB(3, 128, 48, stride=2),
    UIB(3, 5, 192, 80, stride=2),
    UIB(3, 3, 160, 80),
    UIB(3, 5, 480, 160, stride=2),
    *[UIB(3, 3, 640, 160)] * 2,
    UIB(3, 5, 640, 160),
    UIB(3, 3, 640, 160),
    UIB(3, 0, 640, 160),
    UIB(0, 0, 320, 160),
    UIB(3, 0, 640, 160),
    UIB(5, 5, 960, 256, stride=2),
    UIB(5, 5, 1024, 256),
    *[UIB(3, 5, 1024, 256)] * 2,
    UIB(0, 0, 1024, 256),
    UIB(3, 0, 1024, 256),
    UIB(3, 5, 512, 256),
    UIB(5, 5, 1024, 256),
    *[UIB(0, 0, 1024, 256)] * 2,
    UIB(5, 0, 512, 256),
    Conv(1, 960),
)
CONV_LARGE = (
    Conv(3, 24, stride=2),
    FusedIB(3, 96, 48, stride=2),
    UIB(3, 5, 192, 96, stride=2),
    UIB(3, 3, 384, 96),
    UIB(3, 5, 384, 192, stride=2),
    *[UIB(3, 3, 768, 192)] * 3,
    UIB(3, 5, 768, 192),
    *[UIB(5, 3, 768, 192)] * 5,
    UIB(3, 0, 768, 192),
    UIB(5, 5, 768, 512, stride=2),
    *[UIB(5, 5, 2048, 512)] * 3,
    UIB(5, 0, 2048, 512),
    UIB(5, 3, 2048, 512),
    *[UIB(5, 0, 2048, 512)] * 2,
    UIB(5, 3, 2048, 512),
    UIB(5, 5, 2048, 512),
    *[UIB(5, 0, 2048, 512)] * 3,
    Conv(1, 960),
)


def training_scope(
    is_training: bool | None = True,
    weight_decay: float = 0.00004,
    dropout_keep_prob: float | None = 0.8,
    bn_decay: float | None = 0.997,
    bn_epsilon: float = 0.001,
) -> dict[str, Any]:
    """Returns the defaults for training, for `slim.arg_scope`.

    The numbers are those of the authors' recipes for medium and large, but for weight
    decay: theirs is AdamW's, which takes the place of an L2 regularizer.

    Args:
      is_training: whether dropout and batch norm train; None leaves that to other
        scopes.
      weight_decay: of the L2 regularizers, >= 0; depthwise weights have none.
      dropout_keep_prob: the probability that a feature is kept; None for dropout's own.
      bn_decay: of the moving averages, in [0, 1]; None for batch_norm's own.
      bn_epsilon: added to the variance.
    """
    family = lib.training_scope(
        is_training, weight_decay, 0.0, dropout_keep_prob, bn_decay
    )
    with (
        slim.arg_scope(family),
        slim.arg_scope([slim.batch_norm], epsilon=bn_epsilon),
        slim.arg_scope(
            [slim.conv2d, slim.separable_conv2d],
            weights_initializer=tf.compat.v1.variance_scaling_initializer(),
        ) as defaults,
    ):
        return defaults


def _layers(blocks: Sequence[Block]) -> Iterator[lib.Op]:
    """Reads a table."""
    depth = None
    for block in blocks:
        params = {"num_outputs": block.depth, "stride": block.stride}
        if not isinstance(block, Conv):
            params["expansion_size"] = conv_blocks.expand_input_by_factor(
                block.expanded / depth
            )
        if isinstance(block, UIB):
            kernels = {"start_kernel": block.start, "middle_kernel": block.middle}
            yield op(universal_inverted_bottleneck, **kernels, **params)
        else:
            make = slim.conv2d if isinstance(block, Conv) else mobilenet_v3.fused_conv
            yield op(make, kernel_size=(block.kernel, block.kernel), **params)
        depth = block.depth


def _table(blocks: Sequence[Block]) -> dict[str, Any]:
    """Returns a table for the family's interpreter: blocks, pooling, a convolution."""
    return {
        "defaults": mobilenet_v3.DEFAULTS,
        "spec": [
            *_layers(blocks),
            op(mobilenet_v3.reduce_to_1x1, stride=1),
            op(slim.conv2d, stride=1, num_outputs=HEAD, kernel_size=(1, 1)),
        ],
    }


V4_CONV_SMALL = _table(CONV_SMALL)
V4_CONV_MEDIUM = _table(CONV_MEDIUM)
V4_CONV_LARGE = _table(CONV_LARGE)


def _with_drop_rates(conv_defs: Mapping[str, Any], rate: float) -> dict[str, Any]:
    """Returns the table with drop rates that grow linearly up to `rate`."""
    spec = list(conv_defs["spec"])
    for i, layer in enumerate(spec):
        if layer.op is universal_inverted_bottleneck:
            params = layer.params | {"drop_rate": rate * (i + 1) / len(spec)}
            spec[i] = layer._replace(params=params)
    return {**conv_defs, "spec": spec}


@slim.add_arg_scope
def mobilenet(
    input_tensor: tf.Tensor,
    num_classes: int | None = 1000,
    depth_multiplier: float = 1.0,
    scope: Any = "MobilenetV4",
    conv_defs: Mapping[str, Any] | None = None,
    drop_connect_rate: float = 0.0,
    **kwargs: Any,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """MobileNet v4 (arXiv:2404.10518, tables 11 to 13).

    Inference mode is created by default: see training_scope.

    Args:
      input_tensor: float [batch, height, width, channels].
      num_classes: number of logits; None or 0 returns the pooled features instead.
      depth_multiplier: scales every layer's channels, > 0.
      scope: variable scope.
      conv_defs: the table; None takes V4_CONV_SMALL.
      drop_connect_rate: the probability, in training, that an example passes a block
        by its shortcut alone. It grows linearly from layer to layer; the last one of
        all would have all of it. In [0, 1).
      **kwargs: passed to the family's `mobilenet.mobilenet`: prediction_fn, reuse,
        base_only, use_reduce_mean_for_pooling, final_endpoint, output_stride,
        use_explicit_padding, is_training.

    Returns:
      float logits [batch, num_classes], or features [batch, 1, 1, depth]; and the end
      points by name.

    Raises:
      ValueError: as the family's `mobilenet.mobilenet`.
    """
    conv_defs = V4_CONV_SMALL if conv_defs is None else conv_defs
    return lib.mobilenet(
        input_tensor,
        num_classes=num_classes,
        conv_defs=_with_drop_rates(conv_defs, drop_connect_rate),
        scope=scope,
        multiplier=depth_multiplier,
        **kwargs,
    )


@slim.add_arg_scope
def mobilenet_base(
    input_tensor: tf.Tensor, depth_multiplier: float = 1.0, **kwargs: Any
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """MobileNet v4 without pooling and logits; takes `mobilenet`'s arguments."""
    return mobilenet(
        input_tensor, depth_multiplier=depth_multiplier, base_only=True, **kwargs
    )


def _variant(default_image_size: int, **arguments: Any) -> Callable:
    """Returns `mobilenet` with other defaults."""
    variant = functools.partial(mobilenet, **arguments)
    functools.update_wrapper(variant, mobilenet)
    variant.default_image_size = default_image_size
    return variant


# Drop rates of the authors' recipes; theirs is the same for all blocks of large.
conv_small = _variant(224, conv_defs=V4_CONV_SMALL)
conv_medium = _variant(256, conv_defs=V4_CONV_MEDIUM, drop_connect_rate=0.075)
conv_large = _variant(384, conv_defs=V4_CONV_LARGE, drop_connect_rate=0.2)


# Accuracies are the paper's, of training without a teacher.
NETWORKS = (
    Network(
        "mobilenet_v4_conv_small",
        conv_small,
        training_scope,
        image_size=224,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:2404.10518, table 11",
        parameters=3_774_024,
        multiply_adds=186.0,
        top1=73.8,
    ),
    Network(
        "mobilenet_v4_conv_medium",
        conv_medium,
        training_scope,
        image_size=256,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:2404.10518, table 12",
        parameters=9_715_512,
        multiply_adds=1080.2,
        top1=79.9,
    ),
    Network(
        "mobilenet_v4_conv_large",
        conv_large,
        training_scope,
        image_size=384,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:2404.10518, table 13",
        parameters=32_590_864,
        multiply_adds=6376.2,
        top1=82.9,
    ),
)
