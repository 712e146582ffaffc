"""MobileNet v3, its minimalistic forms, and MobileNetEdgeTPU.

"Searching for MobileNetV3", Howard et al., arXiv:1905.02244. EdgeTPU: Howard and Gupta,
"Introducing the Next Generation of On-Device Vision Models", Google AI Blog, 2019.

    with slim.arg_scope(mobilenet_v3.training_scope()):
        logits, end_points = mobilenet_v3.large(images)
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import partials
from slimnets.nets.mobilenet import conv_blocks, v3_blocks
from slimnets.nets.mobilenet import mobilenet as lib
from slimnets.nets.row import Network, named_builder, set_image_size

wrapped_partial = partials.wrapped_partial

# Where TF-Slim's users look for them.
op, training_scope = lib.op, lib.training_scope
hard_swish, hard_sigmoid = v3_blocks.hard_swish, v3_blocks.hard_sigmoid
mbv3_op, mbv3_op_se = v3_blocks.mbv3_op, v3_blocks.mbv3_op_se
mbv3_fused, fused_conv = v3_blocks.mbv3_fused, v3_blocks.fused_conv
reduce_to_1x1 = v3_blocks.reduce_to_1x1


class Block(NamedTuple):
    """A `bneck` of tables 1 and 2, in the order of their columns."""

    kernel: int  # of the depthwise convolution
    expanded: int  # exp size: channels inside
    depth: int  # #out: output channels before depth_multiplier
    squeeze_excite: Callable[..., tf.Tensor] | None  # SE
    activation: Callable[[tf.Tensor], tf.Tensor]  # NL
    stride: int  # s
    # EdgeTPU's blocks alone need these two:
    fused: bool = False  # the kernel is the expansion's
    residual: bool = True

    def layer(self, input_depth: int) -> lib.Op:
        """Returns it for a table's 'spec'."""
        make = mbv3_fused if self.fused else mbv3_op
        # Not named where it is the default, so that a table's overrides reach it.
        residual: dict[str, Any] = {} if self.residual else {"residual": False}
        return make(
            ef=self.expanded / input_depth,
            n=self.depth,
            k=self.kernel,
            s=self.stride,
            act=self.activation,
            se=self.squeeze_excite,
            **residual,
        )


SE, NO = v3_blocks.squeeze_excite4, None
RE, HS = tf.nn.relu, hard_swish

# The blocks of table 1 of arXiv:1905.02244.
LARGE = (
    Block(3, 16, 16, NO, RE, 1),
    Block(3, 64, 24, NO, RE, 2),
    Block(3, 72, 24, NO, RE, 1),
    Block(5, 72, 40, SE, RE, 2),
    Block(5, 120, 40, SE, RE, 1),
    Block(5, 120, 40, SE, RE, 1),
    Block(3, 240, 80, NO, HS, 2),
    Block(3, 200, 80, NO, HS, 1),
    Block(3, 184, 80, NO, HS, 1),
    Block(3, 184, 80, NO, HS, 1),
    Block(3, 480, 112, SE, HS, 1),
    Block(3, 672, 112, SE, HS, 1),
    Block(5, 672, 160, SE, HS, 2),
    Block(5, 960, 160, SE, HS, 1),
    Block(5, 960, 160, SE, HS, 1),
)

# The blocks of table 2 of arXiv:1905.02244.
SMALL = (
    Block(3, 16, 16, SE, RE, 2),
    Block(3, 72, 24, NO, RE, 2),
    Block(3, 88, 24, NO, RE, 1),
    Block(5, 96, 40, SE, HS, 2),
    Block(5, 240, 40, SE, HS, 1),
    Block(5, 240, 40, SE, HS, 1),
    Block(5, 120, 48, SE, HS, 1),
    Block(5, 144, 48, SE, HS, 1),
    Block(5, 288, 96, SE, HS, 2),
    Block(5, 576, 96, SE, HS, 1),
    Block(5, 576, 96, SE, HS, 1),
)

# No paper prints a table of EdgeTPU; this is what its published weights fit.
EDGETPU = (
    Block(3, 32, 16, NO, RE, 1, fused=True),  # as many channels inside: a projection
    Block(3, 128, 32, NO, RE, 2, fused=True),
    *[Block(3, 128, 32, NO, RE, 1, fused=True)] * 3,
    Block(3, 256, 48, NO, RE, 2, fused=True),
    *[Block(3, 192, 48, NO, RE, 1, fused=True)] * 3,
    Block(3, 384, 96, NO, RE, 2),
    *[Block(3, 384, 96, NO, RE, 1)] * 3,
    Block(3, 768, 96, NO, RE, 1, residual=False),
    *[Block(3, 384, 96, NO, RE, 1)] * 3,
    Block(5, 768, 160, NO, RE, 2),
    *[Block(5, 640, 160, NO, RE, 1)] * 3,
    Block(3, 1280, 192, NO, RE, 1),
)


def simplify(blocks: Sequence[Block]) -> list[Block]:
    """Returns blocks any hardware runs well: no SE, no hard swish, no 5x5 kernels."""
    return [
        block._replace(kernel=3, squeeze_excite=NO, activation=RE) for block in blocks
    ]


def _make_defaults(normalizer_fn: Callable, **normalizer_params: Any) -> dict[Any, Any]:
    """Returns a table's 'defaults'."""
    return {
        (conv_blocks.expanded_conv,): {
            "normalizer_fn": normalizer_fn,
            "residual": True,
        },
        (slim.conv2d, slim.fully_connected, slim.separable_conv2d): {
            "normalizer_fn": normalizer_fn,
            "activation_fn": tf.nn.relu,
        },
        (normalizer_fn,): normalizer_params,
    }


DEFAULTS = _make_defaults(slim.batch_norm, center=True, scale=True)
DEFAULTS_GROUP_NORM = _make_defaults(slim.group_norm, groups=8)


def _make_table(
    first: int,
    blocks: Sequence[Block],
    last: int,
    pooled: int | None,
    activation_fn: Callable,
) -> dict[str, Any]:
    """Returns a table: a convolution, blocks, a 1x1 one, and a layer after pooling."""
    conv = functools.partial(op, slim.conv2d, activation_fn=activation_fn)
    depths = [first, *(block.depth for block in blocks)]  # of each block's input
    spec = [
        conv(stride=2, num_outputs=first, kernel_size=(3, 3)),
        *(block.layer(depth) for block, depth in zip(blocks, depths, strict=False)),
        conv(stride=1, num_outputs=last, kernel_size=(1, 1)),
    ]
    if pooled:
        spec += [
            op(reduce_to_1x1, stride=1),
            conv(stride=1, num_outputs=pooled, kernel_size=(1, 1), normalizer_fn=None),
        ]
    return {"defaults": DEFAULTS, "spec": spec}


V3_LARGE = _make_table(16, LARGE, 960, 1280, HS)
V3_SMALL = _make_table(16, SMALL, 576, 1024, HS)
V3_LARGE_MINIMALISTIC = _make_table(16, simplify(LARGE), 960, 1280, RE)
V3_SMALL_MINIMALISTIC = _make_table(16, simplify(SMALL), 576, 1024, RE)
V3_EDGETPU = _make_table(32, EDGETPU, 1280, None, RE)


def _halve(conv_defs: Mapping[str, Any], first: int, last: int) -> dict[str, Any]:
    """Returns the table with half the channels in layers first to last, from 1."""
    return {
        **conv_defs,
        "spec": [
            layer._replace(
                params=layer.params | {"num_outputs": layer.params["num_outputs"] // 2}
            )
            if first <= i <= last
            else layer
            for i, layer in enumerate(conv_defs["spec"], 1)
        ],
    }


# Section 6.3: a detector has fewer classes to tell apart, so the last stage is halved.
V3_LARGE_DETECTION = _halve(V3_LARGE, 14, 17)
V3_SMALL_DETECTION = _halve(V3_SMALL, 10, 13)


@slim.add_arg_scope
def mobilenet(
    input_tensor: tf.Tensor,
    num_classes: int | None = 1001,
    depth_multiplier: float = 1.0,
    scope: Any = "MobilenetV3",
    conv_defs: Mapping[str, Any] | None = None,
    finegrain_classification_mode: bool = False,
    use_groupnorm: bool = False,
    **kwargs: Any,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """MobileNet v3 (arXiv:1905.02244, tables 1 and 2).

    Inference mode is created by default: see training_scope.

    Args:
      input_tensor: float [batch, height, width, channels].
      num_classes: number of logits; None or 0 returns the pooled features instead.
      depth_multiplier: scales every layer's channels, > 0.
      scope: variable scope.
      conv_defs: the table; None takes V3_LARGE.
      finegrain_classification_mode: the last layer keeps its channels whatever
        depth_multiplier is, which tells many classes apart better.
      use_groupnorm: normalize by groups (8 per layer) in place of batches. Needs a
        known height and width.
      **kwargs: passed to the family's `mobilenet.mobilenet`: prediction_fn, reuse,
        base_only, use_reduce_mean_for_pooling, final_endpoint, output_stride,
        use_explicit_padding, is_training.

    Returns:
      float logits [batch, num_classes], or features [batch, 1, 1, depth]; and the end
      points by name.

    Raises:
      ValueError: `multiplier` is given, or as the family's `mobilenet.mobilenet`.
    """
    if "multiplier" in kwargs:
        raise errors.InputError("mobilenet_v3 takes depth_multiplier, not multiplier")
    conv_defs = V3_LARGE if conv_defs is None else conv_defs
    if finegrain_classification_mode:
        *spec, last = conv_defs["spec"]
        unscaled = last._replace(multiplier_func=lambda params, multiplier: None)
        conv_defs = {**conv_defs, "spec": [*spec, unscaled]}
    if use_groupnorm:
        conv_defs = {**conv_defs, "defaults": DEFAULTS_GROUP_NORM}
    return lib.mobilenet(
        input_tensor,
        num_classes=num_classes,
        conv_defs=conv_defs,
        scope=scope,
        multiplier=depth_multiplier,
        **kwargs,
    )


@slim.add_arg_scope
def mobilenet_base(
    input_tensor: tf.Tensor, depth_multiplier: float = 1.0, **kwargs: Any
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """MobileNet v3 without pooling and logits; takes `mobilenet`'s arguments."""
    return mobilenet(
        input_tensor, depth_multiplier=depth_multiplier, base_only=True, **kwargs
    )


# Accuracies of EdgeTPU were published of 8-bit weights alone: 75.6 and 73.5 top-1.
_row = functools.partial(
    Network,
    builder=mobilenet,
    arg_scope=training_scope,
    image_size=224,
    preprocessing="inception",
    classes=1001,
)
_edge_tpu = functools.partial(_row, paper="Howard and Gupta, Google AI Blog, 2019")
NETWORKS = (
    _row(
        "mobilenet_v3_large",
        paper="arXiv:1905.02244, table 1",
        arguments={"conv_defs": V3_LARGE},
        parameters=5_484_313,
        multiply_adds=216.6,
        top1=75.2,
    ),
    _row(
        "mobilenet_v3_small",
        paper="arXiv:1905.02244, table 2",
        arguments={"conv_defs": V3_SMALL},
        parameters=2_543_881,
        multiply_adds=56.5,
        top1=67.5,
    ),
    _row(
        "mobilenet_v3_large_minimalistic",
        paper="arXiv:1905.02244, table 1",
        arguments={"conv_defs": V3_LARGE_MINIMALISTIC},
        parameters=3_925_569,
        multiply_adds=209.1,
        top1=72.3,
    ),
    _row(
        "mobilenet_v3_small_minimalistic",
        paper="arXiv:1905.02244, table 2",
        arguments={"conv_defs": V3_SMALL_MINIMALISTIC},
        parameters=2_045_761,
        multiply_adds=52.3,
        top1=61.9,
    ),
    _edge_tpu(
        "mobilenet_edgetpu",
        arguments={"conv_defs": V3_EDGETPU, "scope": "MobilenetEdgeTPU"},
        parameters=4_092_713,
        multiply_adds=990.7,
    ),
    _edge_tpu(
        "mobilenet_edgetpu_075",
        arguments={
            "conv_defs": V3_EDGETPU,
            "scope": "MobilenetEdgeTPU",
            "depth_multiplier": 0.75,
            "finegrain_classification_mode": True,
        },
        parameters=2_989_441,
        multiply_adds=624.5,
    ),
)

set_image_size(mobilenet, NETWORKS[0].image_size)
large = named_builder(NETWORKS, "mobilenet_v3_large")
small = named_builder(NETWORKS, "mobilenet_v3_small")
large_minimalistic = named_builder(NETWORKS, "mobilenet_v3_large_minimalistic")
small_minimalistic = named_builder(NETWORKS, "mobilenet_v3_small_minimalistic")
edge_tpu = named_builder(NETWORKS, "mobilenet_edgetpu")
edge_tpu_075 = named_builder(NETWORKS, "mobilenet_edgetpu_075")
