"""One filter for all channels, tf_slim's name and arguments."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
import tf_slim

from slimnets.layers import kernels, scoping
from slimnets.layers.convolution import to_images
from slimnets.layers.linear import (
    XAVIER,
    ZEROS,
    Epilogue,
    Initializer,
    Regularizer,
    apply_norm_bias_activation,
)


@scoping.stands_for(tf_slim.conv2d_in_plane)
def conv2d_in_plane(
    inputs: tf.Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: str = "SAME",
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
    """Convolves each channel by the same filter, as for the gradient of an image.

    Args:
      inputs: float [batch, height, width, channels].
      kernel_size: int or (height, width).
      stride: int or (height, width).
      padding: 'SAME' or 'VALID'.
      activation_fn: relu by default; None for none.
      normalizer_fn: such as batch_norm; takes the place of the biases.
      normalizer_params: its arguments.
      weights_initializer: of 'weights' [height, width, 1, 1].
      weights_regularizer: of 'weights'; None for none.
      biases_initializer: of 'biases' [channels]; None for no biases.
      biases_regularizer: of 'biases'; None for none.
      reuse: reuse the layer's variables; needs `scope`.
      variables_collections: collections of the variables: a list, or a dict by name.
      outputs_collections: collections of the result, or a dict that receives it.
      trainable: whether the variables are.
      scope: variable scope, 'ConvInPlane' if None.

    Returns:
      float [batch, out_height, out_width, channels].

    Raises:
      ValueError: padding is unknown, channels are undefined, or the rank is not 4.
    """
    padding = scoping.check_padding(padding)
    with scoping.layer_scope(scope, "ConvInPlane", inputs, reuse, renamed={}) as sc:
        inputs = to_images(inputs)
        channels = scoping.get_channels(inputs, "NHWC")
        weights = tf_slim.model_variable(
            "weights",
            shape=[*scoping.to_pair(kernel_size), 1, 1],
            dtype=scoping.get_stored_type(inputs.dtype),
            initializer=weights_initializer,
            regularizer=scoping.regularize_in_scope(weights_regularizer, "weights"),
            trainable=trainable,
            collections=scoping.select_collections(variables_collections, "weights"),
        )
        outputs = kernels.convolve_depthwise(
            inputs,
            tf.tile(weights, [1, 1, channels, 1]),
            scoping.to_pair(stride),
            padding,
            "NHWC",
            (1, 1),
        )
        epilogue = Epilogue(
            activation_fn=activation_fn,
            normalizer_fn=normalizer_fn,
            normalizer_params=normalizer_params,
            biases_initializer=biases_initializer,
            biases_regularizer=biases_regularizer,
            variables_collections=variables_collections,
            trainable=trainable,
            biases_loss="biases",
        )
        outputs = apply_norm_bias_activation(outputs, "NHWC", epilogue)
        return scoping.collect_outputs(outputs_collections, sc.name, outputs)
