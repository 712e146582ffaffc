"""Transposed convolutions, tf_slim's names and arguments, on TensorFlow ops alone.

Each does what the gradient of a convolution does to its inputs: it spreads each pixel
over a window, and strides enlarge. "Deconvolutional Networks" (Zeiler et al., 2010)
named them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
import tf_slim

from slimnets.layers import scoping
from slimnets.layers.linear import (
    XAVIER,
    ZEROS,
    Epilogue,
    Initializer,
    Regularizer,
    apply_norm_bias_activation,
)


@scoping.stands_for(tf_slim.convolution2d_transpose)
def convolution2d_transpose(
    inputs: tf.Tensor,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
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
    """Spreads each pixel over a window, then normalizes or adds biases, activates.

    Args:
      inputs: float [batch, height, width, channels], or NCHW.
      num_outputs: number of filters.
      kernel_size: int or (height, width).
      stride: int or (height, width): how much larger the result is.
      padding: 'SAME', which gives height * stride, or 'VALID', which gives height *
        stride + max(kernel - stride, 0).
      data_format: 'NHWC' or 'NCHW'.
      activation_fn: relu by default; None for none.
      normalizer_fn: such as batch_norm; takes the place of the biases.
      normalizer_params: its arguments.
      weights_initializer: of 'weights' [*kernel_size, num_outputs, channels].
      weights_regularizer: of 'weights'; None for none.
      biases_initializer: of 'biases' [num_outputs]; None for no biases.
      biases_regularizer: of 'biases'; None for none.
      reuse: reuse the layer's variables; needs `scope`.
      variables_collections: collections of the variables: a list, or a dict by name.
      outputs_collections: collections of the result, or a dict that receives it.
      trainable: whether the variables are.
      scope: variable scope, 'Conv2d_transpose' if None.

    Returns:
      float [batch, out_height, out_width, num_outputs], or NCHW.

    Raises:
      ValueError: data_format or padding is unknown, num_outputs is no whole number,
        channels are undefined, or the rank is not 4.
    """
    if data_format not in ("NHWC", "NCHW"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    return _convolve(
        tf.nn.conv2d_transpose,
        "Conv2d_transpose",
        inputs,
        num_outputs,
        kernel_size,
        stride,
        padding,
        data_format,
        weights_initializer,
        weights_regularizer,
        Epilogue(
            activation_fn=activation_fn,
            normalizer_fn=normalizer_fn,
            normalizer_params=normalizer_params,
            biases_initializer=biases_initializer,
            biases_regularizer=biases_regularizer,
            variables_collections=variables_collections,
            trainable=trainable,
        ),
        reuse,
        outputs_collections,
        scope,
    )


@scoping.stands_for(tf_slim.convolution3d_transpose)
def convolution3d_transpose(
    inputs: tf.Tensor,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: str = "SAME",
    data_format: str = "NDHWC",
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
    """Does so in three axes: [batch, depth, height, width, channels], or NCDHW.

    Arguments are those of convolution2d_transpose; the scope is 'Conv3d_transpose'.
    """
    if data_format not in ("NDHWC", "NCDHW"):
        raise ValueError("data_format has to be either NCDHW or NDHWC.")
    return _convolve(
        tf.nn.conv3d_transpose,
        "Conv3d_transpose",
        inputs,
        num_outputs,
        kernel_size,
        stride,
        padding,
        data_format,
        weights_initializer,
        weights_regularizer,
        Epilogue(
            activation_fn=activation_fn,
            normalizer_fn=normalizer_fn,
            normalizer_params=normalizer_params,
            biases_initializer=biases_initializer,
            biases_regularizer=biases_regularizer,
            variables_collections=variables_collections,
            trainable=trainable,
        ),
        reuse,
        outputs_collections,
        scope,
    )


def _convolve(
    spread: Callable[..., tf.Tensor],
    default_name: str,
    inputs: tf.Tensor,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int],
    padding: str,
    data_format: str,
    weights_initializer: Initializer | None,
    weights_regularizer: Regularizer | None,
    epilogue: Epilogue,
    reuse: bool | None,
    outputs_collections: Any,
    scope: Any,
) -> tf.Tensor:
    padding = scoping.check_padding(padding)
    num_outputs = scoping.to_whole_number("num_outputs", num_outputs)
    axes = len(data_format) - 2
    with scoping.layer_scope(scope, default_name, inputs, reuse) as sc:
        inputs = tf.convert_to_tensor(inputs)
        if inputs.shape.rank != axes + 2:
            raise ValueError(
                f"{default_name} expects input with rank {axes + 2}, got"
                f" {inputs.shape.rank}"
            )
        kernel_sizes = scoping.to_integers(kernel_size, axes)
        strides = scoping.to_integers(stride, axes)
        weights = tf_slim.model_variable(
            "weights",
            shape=[
                *kernel_sizes,
                num_outputs,
                scoping.get_channels(inputs, data_format),
            ],
            dtype=scoping.get_stored_type(inputs.dtype),
            initializer=weights_initializer,
            regularizer=scoping.regularize_in_scope(weights_regularizer, "kernel"),
            trainable=epilogue.trainable,
            collections=scoping.select_collections(
                epilogue.variables_collections, "weights"
            ),
        )
        lengths = [
            lambda length, k=k, s=s: (
                length * s + (max(k - s, 0) if padding == "VALID" else 0)
            )
            for k, s in zip(kernel_sizes, strides, strict=True)
        ]
        static, dynamic = _get_shape(inputs, num_outputs, data_format, lengths)
        outputs = spread(
            inputs,
            scoping.cast_to(weights, inputs.dtype),
            dynamic,
            strides,
            padding,
            data_format,
        )
        outputs.set_shape(static)
        outputs = apply_norm_bias_activation(outputs, data_format, epilogue)
        return scoping.collect_outputs(outputs_collections, sc.name, outputs)


def _get_shape(
    inputs: tf.Tensor,
    num_outputs: int,
    data_format: str,
    lengths: Sequence[Callable[[Any], Any]],
) -> tuple[list[int | None], tf.Tensor]:
    """Returns the result's shape, as far as it is known and as a tensor.

    Args:
      inputs: of the layer.
      num_outputs: channels of the result.
      data_format: such as 'NHWC'.
      lengths: of each axis between, the result's length from the inputs'.
    """
    known, at_run = inputs.shape.as_list(), tf.unstack(tf.shape(inputs))
    channels = data_format.index("C")
    between = [axis for axis in range(1, len(known)) if axis != channels]
    static = {0: known[0], channels: num_outputs}
    dynamic = {0: at_run[0], channels: num_outputs}
    for axis, length in zip(between, lengths, strict=True):
        static[axis] = None if known[axis] is None else length(known[axis])
        dynamic[axis] = length(at_run[axis]) if static[axis] is None else static[axis]
    order = range(len(known))
    return [static[axis] for axis in order], tf.stack([dynamic[a] for a in order])
