"""Convolutions in groups: the i-th share of the channels in makes the i-th share out.

TensorFlow has one op for all groups, but on a CPU it has no gradients of that op, and
in a graph it fuses a relu into it, which then fails. So here is an op for each group;
on a CPU these take no longer.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
import tf_slim

from slimnets.layers import scoping
from slimnets.layers.convolution import check_stride_and_rate, to_images
from slimnets.layers.folding import Linear
from slimnets.layers.linear import (
    XAVIER,
    ZEROS,
    Epilogue,
    Initializer,
    Regularizer,
    apply_linear,
    apply_norm_bias_activation,
)


@tf_slim.add_arg_scope
def grouped_conv2d(
    inputs: tf.Tensor,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    groups: int,
    stride: int | Sequence[int] = 1,
    padding: str = "SAME",
    rate: int | Sequence[int] = 1,
    activation_fn: Callable | None = tf.nn.relu,
    normalizer_fn: Callable | None = None,
    normalizer_params: dict[str, Any] | None = None,
    weights_initializer: Initializer | None = XAVIER,
    weights_regularizer: Regularizer | None = None,
    biases_initializer: Initializer | None = ZEROS,
    biases_regularizer: Regularizer | None = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> tf.Tensor:
    """Convolves each group of channels by filters of its own, then ends as conv2d does.

    Section 3.1 of AlexNet's paper began it; ResNeXt (arXiv:1611.05431) is about it.

    Args:
      inputs: float [batch, height, width, channels].
      num_outputs: number of filters over all groups.
      kernel_size: int or (height, width).
      groups: how many; it divides channels and num_outputs.
      stride: int or (height, width); must be 1 where rate is not.
      padding: 'SAME' or 'VALID'.
      rate: dilation, int or (height, width).
      activation_fn: relu by default; None for none.
      normalizer_fn: such as batch_norm; takes the place of the biases.
      normalizer_params: its arguments.
      weights_initializer: of 'weights' [height, width, channels / groups,
        num_outputs]; what it takes for the fan-out is that of all groups.
      weights_regularizer: of 'weights'; None for none.
      biases_initializer: of 'biases' [num_outputs]; None for no biases.
      biases_regularizer: of 'biases'; None for none.
      reuse: reuse the layer's variables; needs `scope`.
      variables_collections: collections of the variables: a list, or a dict by name.
      outputs_collections: collections of the result, or a dict that receives it.
      trainable: whether the variables are.
      scope: variable scope, 'GroupedConv' if None.

    Returns:
      float [batch, out_height, out_width, num_outputs].

    Raises:
      ValueError: groups do not divide the channels, channels are undefined, rank is
        not 4, or stride and rate both exceed 1.
    """
    padding = scoping.check_padding(padding)
    num_outputs = scoping.to_whole_number("num_outputs", num_outputs)
    stride, rate = check_stride_and_rate(stride, rate)
    with scoping.layer_scope(scope, "GroupedConv", inputs, reuse) as sc:
        inputs = to_images(inputs)
        depth = scoping.get_channels(inputs, "NHWC")
        if groups < 1 or depth % groups or num_outputs % groups:
            raise ValueError(
                f"{groups} groups do not divide {depth} channels in and {num_outputs}"
                " out"
            )
        weights = tf_slim.model_variable(
            "weights",
            shape=[*scoping.to_pair(kernel_size), depth // groups, num_outputs],
            dtype=scoping.get_stored_type(inputs.dtype),
            initializer=weights_initializer,
            regularizer=scoping.regularize_in_scope(weights_regularizer, "kernel"),
            trainable=trainable,
            collections=scoping.select_collections(variables_collections, "weights"),
        )
        options = {"strides": stride, "padding": padding, "dilations": rate}
        outputs = apply_norm_bias_activation(
            apply_linear(
                Linear(
                    lambda kernel: _convolve(inputs, kernel, options), weights, "NHWC"
                )
            ),
            "NHWC",
            Epilogue(
                activation_fn=activation_fn,
                normalizer_fn=normalizer_fn,
                normalizer_params=normalizer_params,
                biases_initializer=biases_initializer,
                biases_regularizer=biases_regularizer,
                variables_collections=variables_collections,
                trainable=trainable,
            ),
        )
        return scoping.collect_outputs(outputs_collections, sc.name, outputs)


def _convolve(
    inputs: tf.Tensor, kernel: tf.Variable | tf.Tensor, options: dict[str, Any]
) -> tf.Tensor:
    """Convolves by an op for each group, as many as the kernel's depth leaves."""
    groups = inputs.shape.as_list()[3] // kernel.shape.as_list()[2]
    shares = tf.split(inputs, groups, axis=3)
    kernels = tf.split(scoping.cast_to(kernel, inputs.dtype), groups, axis=3)
    outputs = [
        tf.nn.convolution(share, filters, name="Conv2D", **options)
        for share, filters in zip(shares, kernels, strict=True)
    ]
    return tf.concat(outputs, axis=3)
