"""Convolutions on TensorFlow ops alone, with tf_slim's names and arguments.

tf_slim builds its own on Keras' legacy layers, which hide the regularizer from the
variable's getter and warn at each call; these go straight from variable to op.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
import tf_slim

from slimnets.layers import kernels, scoping
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

_SEPARABLE_RENAMED = {
    "bias": "biases",
    "depthwise_kernel": "depthwise_weights",
    "pointwise_kernel": "pointwise_weights",
}


@scoping.stands_for(tf_slim.conv2d)
def conv2d(
    inputs: tf.Tensor,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: str = "SAME",
    data_format: str | None = None,
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
    """Convolves, then normalizes or adds biases, then activates.

    Args:
      inputs: float [batch, height, width, channels], or NCHW.
      num_outputs: number of filters.
      kernel_size: int or (height, width).
      stride: int or (height, width); must be 1 where rate is not.
      padding: 'SAME' or 'VALID'.
      data_format: 'NHWC' (None) or 'NCHW'.
      rate: dilation, int or (height, width).
      activation_fn: relu by default; None for none.
      normalizer_fn: such as batch_norm; takes the place of the biases.
      normalizer_params: its arguments.
      weights_initializer: of 'weights' [height, width, channels, num_outputs].
      weights_regularizer: of 'weights'; None for none.
      biases_initializer: of 'biases' [num_outputs]; None for no biases.
      biases_regularizer: of 'biases'; None for none.
      reuse: reuse the layer's variables; needs `scope`.
      variables_collections: collections of the variables: a list, or a dict by name.
      outputs_collections: collections of the result, or a dict that receives it.
      trainable: whether the variables are.
      scope: variable scope, 'Conv' if None.

    Returns:
      float [batch, out_height, out_width, num_outputs], or NCHW.

    Raises:
      ValueError: data_format or padding is unknown, num_outputs is no whole number,
        channels are undefined, rank is not 4, or stride and rate both exceed 1.
    """
    data_format = scoping.check_data_format(data_format)
    padding = scoping.check_padding(padding)
    num_outputs = scoping.to_whole_number("num_outputs", num_outputs)
    stride, rate = check_stride_and_rate(stride, rate)
    with scoping.layer_scope(scope, "Conv", inputs, reuse) as sc:
        inputs = to_images(inputs)
        depth = scoping.get_channels(inputs, data_format)
        weights = tf_slim.model_variable(
            "weights",
            shape=[*scoping.to_pair(kernel_size), depth, num_outputs],
            dtype=scoping.get_stored_type(inputs.dtype),
            initializer=weights_initializer,
            regularizer=scoping.regularize_in_scope(weights_regularizer, "kernel"),
            trainable=trainable,
            collections=scoping.select_collections(variables_collections, "weights"),
        )
        outputs = apply_linear(
            Linear(
                lambda kernel: kernels.convolve(
                    inputs, kernel, stride, padding, data_format, rate
                ),
                weights,
                data_format,
            )
        )
        outputs = apply_norm_bias_activation(
            outputs,
            data_format,
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


@scoping.stands_for(tf_slim.separable_conv2d)
def separable_conv2d(
    inputs: tf.Tensor,
    num_outputs: int | None,
    kernel_size: int | Sequence[int],
    depth_multiplier: int = 1,
    stride: int | Sequence[int] = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    rate: int | Sequence[int] = 1,
    activation_fn: Callable | None = tf.nn.relu,
    normalizer_fn: Callable | None = None,
    normalizer_params: dict[str, Any] | None = None,
    weights_initializer: Initializer | None = XAVIER,
    pointwise_initializer: Initializer | None = None,
    weights_regularizer: Regularizer | None = None,
    biases_initializer: Initializer | None = ZEROS,
    biases_regularizer: Regularizer | None = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    pointwise_regularizer: Regularizer | None = None,
) -> tf.Tensor:
    """Filters each channel by itself, then mixes the channels by a 1x1 convolution.

    Args:
      inputs: float [batch, height, width, channels], or NCHW.
      num_outputs: number of 1x1 filters; None leaves the mixing out (depthwise only).
      kernel_size: of the depthwise filters, int or (height, width).
      depth_multiplier: depthwise filters per channel, >= 1.
      stride: of the depthwise filters, int or (height, width).
      padding: 'SAME' or 'VALID'.
      data_format: 'NHWC' or 'NCHW'.
      rate: dilation of the depthwise filters. With a stride, TensorFlow strides in each
        of the rate's interleaved grids: of rate 2 and stride 2, it takes the pixels 0,
        1, 4, 5, 8, 9 and so on.
      activation_fn: relu by default; None for none.
      normalizer_fn: such as batch_norm; takes the place of the biases.
      normalizer_params: its arguments.
      weights_initializer: of 'depthwise_weights' [height, width, channels,
        depth_multiplier].
      pointwise_initializer: of 'pointwise_weights' [1, 1, channels *
        depth_multiplier, num_outputs]; None takes weights_initializer.
      weights_regularizer: of the depthwise weights, and of the pointwise ones where
        they have none of their own; None for none.
      biases_initializer: of 'biases'; None for no biases.
      biases_regularizer: of 'biases'; None for none.
      reuse: reuse the layer's variables; needs `scope`.
      variables_collections: collections of the variables: a list, or a dict by name.
      outputs_collections: collections of the result, or a dict that receives it.
      trainable: whether the variables are.
      scope: variable scope, 'SeparableConv2d' if None.
      pointwise_regularizer: of the pointwise weights, where it is to differ.

    Returns:
      float [batch, out_height, out_width, num_outputs], where num_outputs is None
      channels * depth_multiplier; or NCHW.

    Raises:
      ValueError: as conv2d, but for stride and rate.
    """
    data_format = scoping.check_data_format(data_format)
    padding = scoping.check_padding(padding)
    stride, rate = scoping.to_pair(stride), scoping.to_pair(rate)
    if num_outputs is not None:
        num_outputs = scoping.to_whole_number("num_outputs", num_outputs)
    with scoping.layer_scope(
        scope, "SeparableConv2d", inputs, reuse, _SEPARABLE_RENAMED
    ) as sc:
        inputs = to_images(inputs)
        depth = scoping.get_channels(inputs, data_format)

        def weights(
            name: str, shape: list[int], initializer: Any, regularizer: Any
        ) -> tf.Variable:
            return tf_slim.model_variable(
                name,
                shape=shape,
                dtype=scoping.get_stored_type(inputs.dtype),
                initializer=initializer,
                regularizer=scoping.regularize_in_scope(
                    regularizer, _name_of_loss(name, num_outputs)
                ),
                trainable=trainable,
                collections=scoping.select_collections(
                    variables_collections, "weights"
                ),
            )

        filtered = apply_linear(
            Linear(
                lambda kernel: kernels.convolve_depthwise(
                    inputs, kernel, stride, padding, data_format, rate
                ),
                weights(
                    "depthwise_weights",
                    [*scoping.to_pair(kernel_size), depth, depth_multiplier],
                    weights_initializer,
                    weights_regularizer,
                ),
                data_format,
                channel_axes=2,
            )
        )
        outputs = filtered
        if num_outputs is not None:
            outputs = apply_linear(
                Linear(
                    lambda kernel: kernels.convolve(
                        filtered,
                        kernel,
                        data_format=data_format,
                        name="separable_conv2d",
                    ),
                    weights(
                        "pointwise_weights",
                        [1, 1, depth * depth_multiplier, num_outputs],
                        pointwise_initializer or weights_initializer,
                        pointwise_regularizer or weights_regularizer,
                    ),
                    data_format,
                )
            )
        outputs = apply_norm_bias_activation(
            outputs,
            data_format,
            Epilogue(
                activation_fn=activation_fn,
                normalizer_fn=normalizer_fn,
                normalizer_params=normalizer_params,
                biases_initializer=biases_initializer,
                biases_regularizer=biases_regularizer,
                variables_collections=variables_collections,
                trainable=trainable,
                biases_loss="biases" if num_outputs is None else "bias",
            ),
        )
        return scoping.collect_outputs(outputs_collections, sc.name, outputs)


def _name_of_loss(name: str, num_outputs: int | None) -> str:
    """Returns what TF-Slim calls a kernel in the name of its regularization loss."""
    return name if num_outputs is None else name.replace("weights", "kernel")


def to_images(inputs: tf.Tensor) -> tf.Tensor:
    """Returns inputs as a tensor of rank 4; ValueError if it is not one."""
    inputs = tf.convert_to_tensor(inputs)
    if inputs.shape.rank != 4:
        raise ValueError(
            f"Convolution expects input with rank 4, got {inputs.shape.rank}"
        )
    return inputs


def check_stride_and_rate(
    stride: Any, rate: Any
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Returns both as pairs; ValueError where both exceed 1."""
    stride, rate = scoping.to_pair(stride), scoping.to_pair(rate)
    if max(stride) > 1 and max(rate) > 1:
        raise ValueError(f"stride {stride} and rate {rate} must not both exceed 1")
    return stride, rate
