"""The layers of MobileNet v3 and EdgeTPU (arXiv:1905.02244), for a table's 'spec'."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets import slim
from slimnets.nets import spatial
from slimnets.nets.mobilenet import conv_blocks
from slimnets.nets.mobilenet.mobilenet import Op, global_pool, op

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
    return global_pool(input_tensor)


def squeeze_excite4(expansion_tensor: tf.Tensor, input_tensor: tf.Tensor) -> tf.Tensor:
    """Weighs a block's inner channels by a quarter of them (section 5.3)."""
    del input_tensor  # an expansion_transform is given both
    return conv_blocks.squeeze_excite(
        expansion_tensor, squeeze_factor=4, gating_fn=hard_sigmoid
    )


@conv_blocks.block
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


def mbv3_op(
    ef: float,
    n: int,
    k: int,
    s: int = 1,
    act: Callable = tf.nn.relu,
    se: Callable[..., tf.Tensor] | None = None,
    opfunc: Callable[..., tf.Tensor] = conv_blocks.expanded_conv,
    **kwargs: Any,
) -> Op:
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


mbv3_op_se = functools.partial(mbv3_op, se=squeeze_excite4)
mbv3_fused = functools.partial(mbv3_op, opfunc=fused_conv)
