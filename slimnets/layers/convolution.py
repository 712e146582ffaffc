"""Convolutions on TensorFlow ops alone, with tf_slim's names and arguments.

tf_slim builds its own on Keras' legacy layers, which hide the regularizer from the
variable's getter and warn at each call; these go straight from variable to op.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tf_slim

from slimnets.layers import folding, scoping

Initializer = Callable[..., tf.Tensor]
Regularizer = Callable[[tf.Tensor], tf.Tensor]

XAVIER: Initializer = tf_slim.xavier_initializer()
ZEROS: Initializer = tf.compat.v1.zeros_initializer()


@scoping.stands_for(tf_slim.conv2d)
def conv2d(
    inputs: tf.Tensor,
    num_outputs: int,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] = 1,
    padding: str = "SAME",
    data_format: str | None = None,
    rate: int | tuple[int, int] = 1,
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
      ValueError: data_format is unknown, channels are undefined, rank is not 4, or
        stride and rate both exceed 1.
    """
    data_format = scoping.checked_data_format(data_format)
    stride, rate = stride_and_rate(stride, rate)
    with tf.compat.v1.variable_scope(scope, "Conv", [inputs], reuse=reuse) as sc:
        inputs = images_of(inputs)
        depth = scoping.channels_of(inputs, data_format)
        weights = tf_slim.model_variable(
            "weights",
            shape=[*scoping.pair(kernel_size), depth, num_outputs],
            dtype=scoping.stored_type(inputs.dtype),
            initializer=weights_initializer,
            regularizer=weights_regularizer,
            trainable=trainable,
            collections=scoping.collections_for(variables_collections, "weights"),
        )

        def convolved(weights: tf.Variable) -> tf.Tensor:
            weights = scoping.as_type(weights, inputs.dtype)
            if _covers_whole_extent(inputs, weights, padding, data_format):
                return _as_product(inputs, weights)
            pointwise = weights.shape[:2].num_elements() == 1 == max(stride)
            if pointwise and data_format == "NHWC" and _on_cpu_in_16_bits(inputs):
                return mix_channels(inputs, weights)
            return tf.nn.convolution(
                inputs, weights, stride, padding, data_format, rate, name="Conv2D"
            )

        outputs = folding.linear(convolved, weights, data_format)
        outputs = finished(
            outputs,
            data_format,
            activation_fn,
            normalizer_fn,
            normalizer_params,
            biases_initializer,
            biases_regularizer,
            variables_collections,
            trainable,
        )
        return scoping.collected(outputs_collections, sc.name, outputs)


@scoping.stands_for(tf_slim.separable_conv2d)
def separable_conv2d(
    inputs: tf.Tensor,
    num_outputs: int | None,
    kernel_size: int | tuple[int, int],
    depth_multiplier: int = 1,
    stride: int | tuple[int, int] = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    rate: int | tuple[int, int] = 1,
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
      rate: dilation of the depthwise filters.
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
      ValueError: as conv2d.
    """
    data_format = scoping.checked_data_format(data_format)
    stride, rate = stride_and_rate(stride, rate)
    with tf.compat.v1.variable_scope(
        scope, "SeparableConv2d", [inputs], reuse=reuse
    ) as sc:
        inputs = images_of(inputs)
        depth = scoping.channels_of(inputs, data_format)

        def weights(
            name: str, shape: list[int], initializer: Any, regularizer: Any
        ) -> tf.Variable:
            return tf_slim.model_variable(
                name,
                shape=shape,
                dtype=scoping.stored_type(inputs.dtype),
                initializer=initializer,
                regularizer=regularizer,
                trainable=trainable,
                collections=scoping.collections_for(variables_collections, "weights"),
            )

        outputs = folding.linear(
            lambda kernel: _depthwise(
                inputs, kernel, stride, rate, padding, data_format
            ),
            weights(
                "depthwise_weights",
                [*scoping.pair(kernel_size), depth, depth_multiplier],
                weights_initializer,
                weights_regularizer,
            ),
            data_format,
            channel_axes=2,
        )
        if num_outputs is not None:
            filtered = outputs
            outputs = folding.linear(
                lambda kernel: tf.nn.convolution(
                    filtered,
                    scoping.as_type(kernel, filtered.dtype),
                    padding="VALID",
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
        outputs = finished(
            outputs,
            data_format,
            activation_fn,
            normalizer_fn,
            normalizer_params,
            biases_initializer,
            biases_regularizer,
            variables_collections,
            trainable,
        )
        return scoping.collected(outputs_collections, sc.name, outputs)


def finished(
    outputs: tf.Tensor,
    data_format: str,
    activation_fn: Callable | None,
    normalizer_fn: Callable | None,
    normalizer_params: dict[str, Any] | None,
    biases_initializer: Initializer | None,
    biases_regularizer: Regularizer | None,
    variables_collections: Any,
    trainable: bool,
) -> tf.Tensor:
    """Ends a linear layer: normalizer_fn or else biases, then activation_fn."""
    if normalizer_fn is not None:
        outputs = normalizer_fn(outputs, **(normalizer_params or {}))
    elif biases_initializer is not None:
        biases = tf_slim.model_variable(
            "biases",
            shape=[scoping.channels_of(outputs, data_format)],
            dtype=scoping.stored_type(outputs.dtype),
            initializer=biases_initializer,
            regularizer=biases_regularizer,
            trainable=trainable,
            collections=scoping.collections_for(variables_collections, "biases"),
        )
        add = _add_in_bfloat16 if outputs.dtype == tf.bfloat16 else tf.nn.bias_add
        outputs = add(
            outputs,
            scoping.as_type(biases, outputs.dtype),
            data_format if outputs.shape.rank == 4 else None,
        )
    return outputs if activation_fn is None else activation_fn(outputs)


def _add_in_bfloat16(
    outputs: tf.Tensor, biases: tf.Tensor, data_format: str | None
) -> tf.Tensor:
    """Adds biases; their gradient is summed in float32.

    TensorFlow's own, BiasAddGrad, sums in bfloat16 on a CPU: of 25,088 ones it makes
    512.
    """
    axes = [0, 2, 3] if data_format == "NCHW" else list(range(outputs.shape.rank - 1))

    @tf.custom_gradient
    def add(outputs: tf.Tensor, biases: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        added = tf.nn.bias_add(outputs, biases, data_format)
        return added, lambda upstream: (upstream, tf.reduce_sum(upstream, axes))

    return add(outputs, biases)


def images_of(inputs: tf.Tensor) -> tf.Tensor:
    """Returns inputs as a tensor of rank 4; ValueError if it is not one."""
    inputs = tf.convert_to_tensor(inputs)
    if inputs.shape.rank != 4:
        raise ValueError(
            f"Convolution expects input with rank 4, got {inputs.shape.rank}"
        )
    return inputs


def _covers_whole_extent(
    inputs: tf.Tensor, weights: tf.Variable, padding: str, data_format: str
) -> bool:
    """Whether the filters see all of the input at once, as AlexNet's fc6 to fc8 do.

    Never so in a v1 graph, whose users count on finding an op Conv2D there.
    """
    extent = inputs.shape[1:3]
    return (
        tf.compat.v1.executing_eagerly_outside_functions()
        and data_format == "NHWC"
        and extent.is_fully_defined()
        and extent == weights.shape[:2]
        and (padding == "VALID" or extent.num_elements() == 1)
    )


def _as_product(inputs: tf.Tensor, weights: tf.Variable) -> tf.Tensor:
    """Convolves over the whole extent as one matrix product.

    The convolution's gradients take most of AlexNet's training step on a CPU; the
    product's are several times faster.
    """
    size, depth = weights.shape[:3].num_elements(), weights.shape[3]
    rows = tf.reshape(inputs, [-1, size])
    products = tf.matmul(rows, tf.reshape(weights, [size, depth]))
    return tf.reshape(products, [-1, 1, 1, depth], name="Conv2D")


@tf.custom_gradient
def mix_channels(
    inputs: tf.Tensor, weights: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
    """Convolves 1x1; its weights' gradient is a matrix product.

    In bfloat16 the convolution's own takes several times as long on a CPU.

    Args:
      inputs: float [batch, height, width, channels].
      weights: float [1, 1, channels, num_outputs].
    """

    def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        rows = tf.reshape(inputs, [-1, weights.shape[2]])
        upstream_rows = tf.reshape(upstream, [-1, weights.shape[3]])
        products = tf.matmul(rows, upstream_rows, transpose_a=True)
        mixed_back = tf.nn.conv2d(
            upstream, tf.transpose(weights, [0, 1, 3, 2]), 1, "VALID"
        )
        return mixed_back, tf.reshape(products, weights.shape)

    return tf.nn.conv2d(inputs, weights, 1, "VALID", name="Conv2D"), gradients


def stride_and_rate(stride: Any, rate: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Returns both as pairs; ValueError where both exceed 1."""
    stride, rate = scoping.pair(stride), scoping.pair(rate)
    if max(stride) > 1 and max(rate) > 1:
        raise ValueError(f"stride {stride} and rate {rate} must not both exceed 1")
    return stride, rate


def _depthwise(
    inputs: tf.Tensor,
    weights: tf.Variable,
    stride: tuple[int, int],
    rate: tuple[int, int],
    padding: str,
    data_format: str,
) -> tf.Tensor:
    """Filters each channel by its own weights [height, width, channels, multiplier]."""
    height, width = stride
    if height != width:
        raise ValueError(f"depthwise strides must be equal, not {stride}")
    strides = [1, 1, height, width] if data_format == "NCHW" else [1, height, width, 1]
    # On a CPU its gradients take three times as long in 16 bits as in 32.
    dtype = tf.float32 if _on_cpu_in_16_bits(inputs) else inputs.dtype
    outputs = tf.nn.depthwise_conv2d(
        scoping.as_type(inputs, dtype),
        scoping.as_type(weights, dtype),
        strides,
        padding,
        data_format,
        dilations=rate,
    )
    return scoping.as_type(outputs, inputs.dtype)


def _on_cpu_in_16_bits(inputs: tf.Tensor) -> bool:
    return inputs.dtype.size == 2 and not tf.config.list_logical_devices("GPU")
