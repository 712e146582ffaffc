"""Convolutions over one, two or three axes, tf_slim's names and arguments.

`conv2d`, which nearly all networks are made of, has a file of its own.
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

_OP_NAMES = {1: "conv1d", 3: "Conv3D"}
_FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}


@scoping.stands_for(tf_slim.convolution)
def convolution(
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
    conv_dims: int | None = None,
) -> tf.Tensor:
    """Convolves over all axes but batch and channels, as conv2d does over two.

    Args:
      inputs: float [batch, ..., channels] with one, two or three axes between, or with
        the channels before them.
      num_outputs: number of filters.
      kernel_size: int, or one for each axis.
      stride: int, or one for each axis; must be 1 where rate is not.
      padding: 'SAME' or 'VALID'.
      data_format: 'NWC', 'NHWC', 'NDHWC' or None; 'NCW', 'NCHW' or 'NCDHW'.
      rate: dilation, int, or one for each axis.
      activation_fn: relu by default; None for none.
      normalizer_fn: such as batch_norm; takes the place of the biases.
      normalizer_params: its arguments.
      weights_initializer: of 'weights' [*kernel_size, channels, num_outputs].
      weights_regularizer: of 'weights'; None for none.
      biases_initializer: of 'biases' [num_outputs]; None for no biases.
      biases_regularizer: of 'biases'; None for none.
      reuse: reuse the layer's variables; needs `scope`.
      variables_collections: collections of the variables: a list, or a dict by name.
      outputs_collections: collections of the result, or a dict that receives it.
      trainable: whether the variables are.
      scope: variable scope, 'Conv' if None.
      conv_dims: how many axes there must be; None takes any.

    Returns:
      float, as inputs, of num_outputs channels.

    Raises:
      ValueError: data_format or padding is unknown, num_outputs is no whole number,
        channels are undefined, the rank is not that of conv_dims or not 3 to 5, or
        stride and rate both exceed 1.
    """
    return _convolve(
        inputs,
        num_outputs,
        kernel_size,
        stride,
        padding,
        data_format,
        rate,
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
        conv_dims,
    )


@scoping.stands_for(tf_slim.convolution1d)
def convolution1d(
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
    """Convolves float [batch, width, channels], or NCW. Arguments: `convolution`."""
    return _convolve(
        inputs,
        num_outputs,
        kernel_size,
        stride,
        padding,
        data_format,
        rate,
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
        1,
    )


@scoping.stands_for(tf_slim.convolution3d)
def convolution3d(
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
    """Convolves [batch, depth, height, width, channels], or NCDHW: `convolution`."""
    return _convolve(
        inputs,
        num_outputs,
        kernel_size,
        stride,
        padding,
        data_format,
        rate,
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
        3,
    )


def _convolve(
    inputs: tf.Tensor,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int],
    padding: str,
    data_format: str | None,
    rate: int | Sequence[int],
    weights_initializer: Initializer | None,
    weights_regularizer: Regularizer | None,
    epilogue: Epilogue,
    reuse: bool | None,
    outputs_collections: Any,
    scope: Any,
    conv_dims: int | None,
) -> tf.Tensor:
    if not any(data_format in (None, *formats) for formats in _FORMATS.values()):
        raise ValueError(f"Invalid data_format: {data_format!r}")
    padding = scoping.check_padding(padding)
    num_outputs = scoping.to_whole_number("num_outputs", num_outputs)
    with scoping.layer_scope(scope, "Conv", inputs, reuse) as sc:
        inputs = tf.convert_to_tensor(inputs)
        axes = _count_axes(inputs, conv_dims)
        last, first = _FORMATS[axes]
        layout = first if (data_format or "").startswith("NC") else last
        weights = tf_slim.model_variable(
            "weights",
            shape=[
                *scoping.to_integers(kernel_size, axes),
                scoping.get_channels(inputs, layout),
                num_outputs,
            ],
            dtype=scoping.get_stored_type(inputs.dtype),
            initializer=weights_initializer,
            regularizer=scoping.regularize_in_scope(weights_regularizer, "kernel"),
            trainable=epilogue.trainable,
            collections=scoping.select_collections(
                epilogue.variables_collections, "weights"
            ),
        )
        strides = scoping.to_integers(stride, axes)
        rates = scoping.to_integers(rate, axes)
        if max(strides) > 1 and max(rates) > 1:
            raise ValueError(
                f"stride {strides} and rate {rates} must not both exceed 1"
            )
        way: Callable[..., tf.Tensor] = (
            kernels.convolve if axes == 2 else _convolve_plainly
        )

        def apply(kernel: tf.Tensor | tf.Variable) -> tf.Tensor:
            return way(inputs, kernel, strides, padding, layout, rates)

        if layout in (last, "NCHW"):
            folded = "NCHW" if layout == "NCHW" else "NHWC"
            outputs = apply_linear(Linear(apply, weights, folded))
        else:  # where folding would not know the axis of the channels
            outputs = apply(weights)
        outputs = apply_norm_bias_activation(outputs, layout, epilogue)
        return scoping.collect_outputs(outputs_collections, sc.name, outputs)


def _count_axes(inputs: tf.Tensor, conv_dims: int | None) -> int:
    """Returns how many axes there are to convolve over; ValueError if it cannot be."""
    rank = inputs.shape.rank
    if conv_dims is not None and conv_dims + 2 != rank:
        raise ValueError(
            f"Convolution expects input with rank {conv_dims + 2}, got {rank}"
        )
    if rank is None or rank - 2 not in _FORMATS:
        raise ValueError(f"Convolution not supported for input with rank {rank}")
    return rank - 2


def _convolve_plainly(
    inputs: tf.Tensor,
    kernel: tf.Tensor | tf.Variable,
    strides: tuple[int, ...],
    padding: str,
    layout: str,
    rates: tuple[int, ...],
) -> tf.Tensor:
    return tf.nn.convolution(
        inputs,
        scoping.cast_to(kernel, inputs.dtype),
        strides,
        padding,
        layout,
        rates,
        name=_OP_NAMES[len(strides)],
    )
