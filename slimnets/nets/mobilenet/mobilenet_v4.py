"""MobileNet v4, the convolutional networks.

"MobileNetV4: Universal Models for the Mobile Ecosystem", Qin et al., arXiv:2404.10518.
Their block, the universal inverted bottleneck, has a depthwise convolution before its
expansion, within it, at both places or at none.

    with slim.arg_scope(mobilenet_v4.training_scope(is_training=False)):
        logits, end_points = mobilenet_v4.conv_small(images)

Weights trained in PyTorch, as timm's, want its padding: `use_explicit_padding=True`.
`slimnets convert-weights` makes up for its epsilon of batch norm; for tensors taken as
they are `bn_epsilon=1e-5` in the scope does.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim
from slimnets.nets.mobilenet import mobilenet as lib
from slimnets.nets.mobilenet.conv_blocks import expand_input_by_factor
from slimnets.nets.mobilenet.mobilenet_v3 import DEFAULTS
from slimnets.nets.mobilenet.uib import universal_inverted_bottleneck
from slimnets.nets.mobilenet.v3_blocks import fused_conv, reduce_to_1x1
from slimnets.nets.row import Network, named_builder

op = lib.op


class Conv(NamedTuple):
    """A convolution, normalized and activated."""

    kernel: int
    depth: int  # output channels before depth_multiplier
    stride: int = 1

    def layer(self, input_depth: int) -> lib.Op:
        """Returns it for a table's 'spec'."""
        del input_depth  # a convolution has no channels inside
        return op(
            slim.conv2d,
            kernel_size=(self.kernel, self.kernel),
            num_outputs=self.depth,
            stride=self.stride,
        )


class FusedIB(NamedTuple):
    """An inverted bottleneck whose expansion is the spatial convolution."""

    kernel: int
    expanded: int  # channels inside
    depth: int  # output channels before depth_multiplier
    stride: int = 1

    def layer(self, input_depth: int) -> lib.Op:
        """Returns it for a table's 'spec'."""
        return op(
            fused_conv,
            kernel_size=(self.kernel, self.kernel),
            num_outputs=self.depth,
            stride=self.stride,
            expansion_size=expand_input_by_factor(self.expanded / input_depth),
        )


class UIB(NamedTuple):
    """A universal inverted bottleneck, in the order of the tables' columns."""

    start: int  # DW K1: kernel of the depthwise convolution before the expansion
    middle: int  # DW K2: of the one within; 0 for none, of either
    expanded: int  # channels inside
    depth: int  # output channels before depth_multiplier
    stride: int = 1

    def layer(self, input_depth: int) -> lib.Op:
        """Returns it for a table's 'spec'."""
        return op(
            universal_inverted_bottleneck,
            start_kernel=self.start,
            middle_kernel=self.middle,
            num_outputs=self.depth,
            stride=self.stride,
            expansion_size=expand_input_by_factor(self.expanded / input_depth),
        )


Block = Conv | FusedIB | UIB
HEAD = 1280  # channels of the convolution after pooling

# Tables 11 to 13 of arXiv:2404.10518, up to pooling. They call a block of two kernels
# ExtraDW; of the first alone, ConvNext; of the second alone, IB; of none, FFN. Small's
# FusedIB are two convolutions, both activated.
CONV_SMALL: tuple[Block, ...] = (
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
CONV_MEDIUM: tuple[Block, ...] = (
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
CONV_LARGE: tuple[Block, ...] = (
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


def _make_table(blocks: Sequence[Block]) -> dict[str, Any]:
    """Returns a table for the family's interpreter: blocks, pooling, a convolution."""
    depths = [3, *(block.depth for block in blocks)]  # of each block's input
    return {
        "defaults": DEFAULTS,
        "spec": [
            *(block.layer(depth) for block, depth in zip(blocks, depths, strict=False)),
            op(reduce_to_1x1, stride=1),
            op(slim.conv2d, stride=1, num_outputs=HEAD, kernel_size=(1, 1)),
        ],
    }


V4_CONV_SMALL = _make_table(CONV_SMALL)
V4_CONV_MEDIUM = _make_table(CONV_MEDIUM)
V4_CONV_LARGE = _make_table(CONV_LARGE)


def _add_drop_rates(conv_defs: Mapping[str, Any], rate: float) -> dict[str, Any]:
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
        conv_defs=_add_drop_rates(conv_defs, drop_connect_rate),
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


# Drop rates are those of the authors' recipes; theirs is the same for all blocks of
# large. Accuracies are the paper's, of training without a teacher.
_row = functools.partial(
    Network,
    builder=mobilenet,
    arg_scope=training_scope,
    preprocessing="imagenet",
    classes=1000,
)
NETWORKS = (
    _row(
        "mobilenet_v4_conv_small",
        paper="arXiv:2404.10518, table 11",
        arguments={"conv_defs": V4_CONV_SMALL},
        image_size=224,
        parameters=3_774_024,
        multiply_adds=186.0,
        top1=73.8,
    ),
    _row(
        "mobilenet_v4_conv_medium",
        paper="arXiv:2404.10518, table 12",
        arguments={"conv_defs": V4_CONV_MEDIUM, "drop_connect_rate": 0.075},
        image_size=256,
        parameters=9_715_512,
        multiply_adds=1080.2,
        top1=79.9,
    ),
    _row(
        "mobilenet_v4_conv_large",
        paper="arXiv:2404.10518, table 13",
        arguments={"conv_defs": V4_CONV_LARGE, "drop_connect_rate": 0.2},
        image_size=384,
        parameters=32_590_864,
        multiply_adds=6376.2,
        top1=82.9,
    ),
)

conv_small = named_builder(NETWORKS, "mobilenet_v4_conv_small")
conv_medium = named_builder(NETWORKS, "mobilenet_v4_conv_medium")
conv_large = named_builder(NETWORKS, "mobilenet_v4_conv_large")
