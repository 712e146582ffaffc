"""MobileNet v3, its minimalistic forms, and MobileNetEdgeTPU.

"Searching for MobileNetV3", Howard et al., arXiv:1905.02244. EdgeTPU: Howard and Gupta,
"Introducing the Next Generation of On-Device Vision Models", Google AI Blog, 2019.

    with slim.arg_scope(mobilenet_v3.training_scope()):
        logits, end_points = mobilenet_v3.large(images)
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import spatial
from slimnets.nets.mobilenet import conv_blocks
from slimnets.nets.mobilenet import mobilenet as lib
from slimnets.nets.row import Network

op = lib.op
training_scope = lib.training_scope

ROUNDED_SIXTH = 0.16667  # as research/slim has it in squeeze-and-excitation


def hard_swish(x: tf.Tensor) -> tf.Tensor:
    """Returns `x * relu6(x + 3) / 6`, swish without an exponential (section 5.2)."""
    with tf.name_scope("hard_swish"):
        return x * tf.nn.relu6(x + 3) / 6


def hard_sigmoid(x: tf.Tensor) -> tf.Tensor:
    """Returns `relu6(x + 3) / 6`, by the rounded factor of the published weights."""
    return tf.nn.relu6(x + 3) * ROUNDED_SIXTH


def reduce_to_1x1(input_tensor: tf.Tensor, **_: Any) -> tf.Tensor:
    """Averages the whole image: float [batch, 1, 1, channels].

    Args:
      input_tensor: float [batch, height, width, channels].
      **_: stride and rate, which mobilenet_base tells every layer, and the window of
        research/slim's tables: one pixel has none of them.
    """
    return lib.global_pool(input_tensor)


def _squeeze_excite(expansion_tensor: tf.Tensor, input_tensor: tf.Tensor) -> tf.Tensor:
    """Weighs a block's inner channels by a quarter of them (section 5.3)."""
    del input_tensor  # an expansion_transform is given both
    return conv_blocks.squeeze_excite(
        expansion_tensor, squeeze_factor=4, gating_fn=hard_sigmoid
    )


def mbv3_op(
    ef: float,
    n: int,
    k: int,
    s: int = 1,
    act: Callable = tf.nn.relu,
    se: Callable[..., tf.Tensor] | None = None,
    opfunc: Callable[..., tf.Tensor] = conv_blocks.expanded_conv,
    **kwargs: Any,
) -> lib.Op:
    """Returns a block for a table's 'spec'.

    Args:
      ef: expansion factor: channels inside, as a multiple of the input's.
      n: channels of the result, before depth_multiplier.
      k: kernel size of the depthwise convolution.
      s: its stride.
      act: activation inside.
      se: `f(expansion_tensor=..., input_tensor=...)` before the projection.
      opfunc: the block.
      **kwargs: passed to it.
    """
    return op(
        opfunc,
        expansion_size=conv_blocks.expand_input_by_factor(ef),
        kernel_size=(k, k),
        stride=s,
        num_outputs=n,
        inner_activation_fn=act,
        expansion_transform=se,
        **kwargs,
    )


mbv3_op_se = functools.partial(mbv3_op, se=_squeeze_excite)


def fused_conv(
    input_tensor: tf.Tensor,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    stride: int = 1,
    rate: int = 1,
    use_explicit_padding: bool = False,
    endpoints: dict[str, tf.Tensor] | None = None,
    **kwargs: Any,
) -> tf.Tensor:
    """Inverted residual whose expansion is the spatial convolution; none depthwise.

    On an accelerator, one dense convolution is faster than a thin and a sparse one.

    Args:
      input_tensor: float [batch, height, width, channels].
      num_outputs: channels of the result.
      kernel_size: of the expansion, int or (height, width).
      stride: of the expansion.
      rate: its dilation.
      use_explicit_padding: pad by what the kernel overhangs, then convolve unpadded.
      endpoints: receives 'expansion_output' and 'projection_output'.
      **kwargs: passed to expanded_conv.

    Returns:
      float [batch, ceil(height / stride), ceil(width / stride), num_outputs].
    """

    def expand(net: tf.Tensor, depth: int, **convolution: Any) -> tf.Tensor:
        padding = "SAME"
        if use_explicit_padding:
            net, padding = spatial.fixed_padding(net, kernel_size, rate), "VALID"
        return slim.conv2d(
            net,
            depth,
            kernel_size,
            stride=stride,
            rate=rate,
            padding=padding,
            **convolution,
        )

    return conv_blocks.expanded_conv(
        input_tensor,
        num_outputs,
        stride=stride,
        depthwise_location=None,
        expansion_fn=expand,
        endpoints=endpoints,
        **kwargs,
    )


mbv3_fused = functools.partial(mbv3_op, opfunc=fused_conv)


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


SE, NO = _squeeze_excite, None
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


def _minimalistic(blocks: Sequence[Block]) -> list[Block]:
    """Returns blocks any hardware runs well: no SE, no hard swish, no 5x5 kernels."""
    return [
        block._replace(kernel=3, squeeze_excite=NO, activation=RE) for block in blocks
    ]


def _defaults(normalizer_fn: Callable, **normalizer_params: Any) -> dict[Any, Any]:
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


DEFAULTS = _defaults(slim.batch_norm, center=True, scale=True)
DEFAULTS_GROUP_NORM = _defaults(slim.group_norm, groups=8)


def _layers(blocks: Sequence[Block], depth: int) -> Iterator[lib.Op]:
    """Reads a table's blocks; `depth` is that of the first one's input."""
    for block in blocks:
        make = mbv3_fused if block.fused else mbv3_op
        yield make(
            ef=block.expanded / depth,
            n=block.depth,
            k=block.kernel,
            s=block.stride,
            act=block.activation,
            se=block.squeeze_excite,
            **({} if block.residual else {"residual": False}),
        )
        depth = block.depth


def _table(
    first: int,
    blocks: Sequence[Block],
    last: int,
    pooled: int | None,
    activation_fn: Callable,
) -> dict[str, Any]:
    """Returns a table: a convolution, blocks, a 1x1 one, and a layer after pooling."""
    conv = functools.partial(op, slim.conv2d, activation_fn=activation_fn)
    spec = [
        conv(stride=2, num_outputs=first, kernel_size=(3, 3)),
        *_layers(blocks, first),
        conv(stride=1, num_outputs=last, kernel_size=(1, 1)),
    ]
    if pooled:
        spec += [
            op(reduce_to_1x1, stride=1),
            conv(stride=1, num_outputs=pooled, kernel_size=(1, 1), normalizer_fn=None),
        ]
    return {"defaults": DEFAULTS, "spec": spec}


V3_LARGE = _table(16, LARGE, 960, 1280, HS)
V3_SMALL = _table(16, SMALL, 576, 1024, HS)
V3_LARGE_MINIMALISTIC = _table(16, _minimalistic(LARGE), 960, 1280, RE)
V3_SMALL_MINIMALISTIC = _table(16, _minimalistic(SMALL), 576, 1024, RE)
V3_EDGETPU = _table(32, EDGETPU, 1280, None, RE)


def _halved(conv_defs: Mapping[str, Any], first: int, last: int) -> dict[str, Any]:
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
V3_LARGE_DETECTION = _halved(V3_LARGE, 14, 17)
V3_SMALL_DETECTION = _halved(V3_SMALL, 10, 13)


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


mobilenet.default_image_size = 224


@slim.add_arg_scope
def mobilenet_base(
    input_tensor: tf.Tensor, depth_multiplier: float = 1.0, **kwargs: Any
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """MobileNet v3 without pooling and logits; takes `mobilenet`'s arguments."""
    return mobilenet(
        input_tensor, depth_multiplier=depth_multiplier, base_only=True, **kwargs
    )


def _variant(**arguments: Any) -> Callable:
    """Returns `mobilenet` with other defaults."""
    return functools.update_wrapper(
        functools.partial(mobilenet, **arguments), mobilenet
    )


large = _variant(conv_defs=V3_LARGE)
small = _variant(conv_defs=V3_SMALL)
large_minimalistic = _variant(conv_defs=V3_LARGE_MINIMALISTIC)
small_minimalistic = _variant(conv_defs=V3_SMALL_MINIMALISTIC)
edge_tpu = _variant(conv_defs=V3_EDGETPU, scope="MobilenetEdgeTPU")
edge_tpu_075 = _variant(
    conv_defs=V3_EDGETPU,
    scope="MobilenetEdgeTPU",
    depth_multiplier=0.75,
    finegrain_classification_mode=True,
)


NETWORKS = (
    Network(
        "mobilenet_v3_large",
        large,
        training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1905.02244, table 1",
        parameters=5_484_313,
        multiply_adds=216.6,
        top1=75.2,
    ),
    Network(
        "mobilenet_v3_small",
        small,
        training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1905.02244, table 2",
        parameters=2_543_881,
        multiply_adds=56.5,
        top1=67.5,
    ),
    Network(
        "mobilenet_v3_large_minimalistic",
        large_minimalistic,
        training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1905.02244, table 1",
        parameters=3_925_569,
        multiply_adds=209.1,
        top1=72.3,
    ),
    Network(
        "mobilenet_v3_small_minimalistic",
        small_minimalistic,
        training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1905.02244, table 2",
        parameters=2_045_761,
        multiply_adds=52.3,
        top1=61.9,
    ),
    Network(
        "mobilenet_edgetpu",
        edge_tpu,
        training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="Howard and Gupta, Google AI Blog, 2019",
        parameters=4_092_713,
        multiply_adds=990.7,
        # accuracy was published of 8-bit weights alone: 75.6 top-1
    ),
    Network(
        "mobilenet_edgetpu_075",
        edge_tpu_075,
        training_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="Howard and Gupta, Google AI Blog, 2019",
        parameters=2_989_441,
        multiply_adds=624.5,
        # accuracy was published of 8-bit weights alone: 73.5 top-1
    ),
)
