"""The universal inverted bottleneck, MobileNet v4's block (arXiv:2404.10518)."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimnets import slim
from slimnets.nets import spatial
from slimnets.nets.mobilenet import conv_blocks


@conv_blocks.block
def universal_inverted_bottleneck(
    input_tensor: tf.Tensor,
    num_outputs: int,
    expansion_size: Callable[..., int],
    start_kernel: int,
    middle_kernel: int,
    stride: int = 1,
    rate: int = 1,
    drop_rate: float = 0.0,
    use_explicit_padding: bool = False,
    endpoints: dict[str, tf.Tensor] | None = None,
    scope: Any = None,
) -> tf.Tensor:
    """Depthwise, expand 1x1, depthwise, project 1x1, and the input added to that.

    Section 3 and figure 4 of the paper.

    Args:
      input_tensor: float [batch, height, width, channels].
      num_outputs: channels of the result.
      expansion_size: `f(num_inputs=channels)` gives the channels inside.
      start_kernel: of the depthwise convolution before the expansion; 0 for none.
      middle_kernel: of the one after it, activated unlike the other; 0 for none.
      stride: of the last one there is. The input is added where it is 1 and channels
        agree.
      rate: dilation of the depthwise convolutions.
      drop_rate: the probability, in training, that an example takes the shortcut alone.
      use_explicit_padding: pad by what kernels overhang, then convolve unpadded.
      endpoints: receives 'start_depthwise_output', 'expansion_output',
        'depthwise_output', those there are, and 'projection_output'.
      scope: variable scope, 'uib' if None.

    Returns:
      float [batch, ceil(height / stride), ceil(width / stride), num_outputs].
    """
    parts = {} if endpoints is None else endpoints
    depth = input_tensor.shape.as_list()[3]

    def depthwise(net: tf.Tensor, kernel: int, stride: int, **layer: Any) -> tf.Tensor:
        if use_explicit_padding:
            net = spatial.fixed_padding(net, kernel, rate)
        padding = "VALID" if use_explicit_padding else "SAME"
        return slim.separable_conv2d(
            net, None, kernel, stride=stride, rate=rate, padding=padding, **layer
        )

    with conv_blocks.scope_all(scope, "uib"):
        net = tf.identity(input_tensor, "input")
        if start_kernel:
            first = 1 if middle_kernel else stride
            net = depthwise(
                net, start_kernel, first, activation_fn=None, scope="start_depthwise"
            )
            parts["start_depthwise_output"] = net
        net = slim.conv2d(net, expansion_size(num_inputs=depth), 1, scope="expand")
        parts["expansion_output"] = net
        if middle_kernel:
            net = depthwise(net, middle_kernel, stride, scope="depthwise")
            parts["depthwise_output"] = net
        net = slim.conv2d(net, num_outputs, 1, activation_fn=None, scope="project")
        parts["projection_output"] = net
        if stride == 1 and num_outputs == depth:
            net = input_tensor + _drop_examples(net, drop_rate)
        return tf.identity(net, "output")


def _drop_examples(net: tf.Tensor, rate: float) -> tf.Tensor:
    """Zeroes whole examples at random in training (stochastic depth)."""
    if rate == 0:
        return net
    one_each = [tf.shape(net)[0], 1, 1, 1]
    return slim.dropout(
        net, keep_prob=1 - rate, noise_shape=one_each, scope="drop_connect"
    )
