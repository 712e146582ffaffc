"""Fully connected layers and dropout, tf_slim's names and arguments, on TensorFlow."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tf_slim

from slimnets import random_numbers
from slimnets.layers import computation, recomputation, scoping
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


@scoping.stands_for(tf_slim.fully_connected)
def fully_connected(
    inputs: tf.Tensor,
    num_outputs: int,
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
    """Multiplies the last axis by a matrix, then normalizes or adds biases, activates.

    Args:
      inputs: float [batch, ..., depth], rank >= 2.
      num_outputs: number of units.
      activation_fn: relu by default; None for none.
      normalizer_fn: such as batch_norm; takes the place of the biases.
      normalizer_params: its arguments.
      weights_initializer: of 'weights' [depth, num_outputs].
      weights_regularizer: of 'weights'; None for none.
      biases_initializer: of 'biases' [num_outputs]; None for no biases.
      biases_regularizer: of 'biases'; None for none.
      reuse: reuse the layer's variables; needs `scope`.
      variables_collections: collections of the variables: a list, or a dict by name.
      outputs_collections: collections of the result, or a dict that receives it.
      trainable: whether the variables are.
      scope: variable scope, 'fully_connected' if None.

    Returns:
      float [batch, ..., num_outputs].

    Raises:
      ValueError: num_outputs is no whole number, or the depth or rank is undefined.
    """
    num_outputs = scoping.to_whole_number("num_outputs", num_outputs)
    with scoping.layer_scope(scope, "fully_connected", inputs, reuse) as sc:
        inputs = tf.convert_to_tensor(inputs)
        if inputs.shape.rank is None or inputs.shape.rank < 2:
            raise ValueError(f"fully_connected needs rank >= 2, not {inputs.shape}.")
        weights = tf_slim.model_variable(
            "weights",
            shape=[scoping.get_channels(inputs, "NHWC"), num_outputs],
            dtype=scoping.get_stored_type(inputs.dtype),
            initializer=weights_initializer,
            regularizer=scoping.regularize_in_scope(weights_regularizer, "kernel"),
            trainable=trainable,
            collections=scoping.select_collections(variables_collections, "weights"),
        )

        def product(weights: tf.Variable) -> tf.Tensor:
            weights = scoping.cast_to(weights, inputs.dtype)
            if inputs.shape.rank == 2:
                return tf.matmul(inputs, weights)
            return tf.tensordot(inputs, weights, axes=1)

        outputs = apply_linear(Linear(product, weights, "NHWC"))
        outputs = apply_norm_bias_activation(
            outputs,
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


@scoping.stands_for(tf_slim.dropout)
def dropout(
    inputs: tf.Tensor,
    keep_prob: float = 0.5,
    noise_shape: Any = None,
    is_training: bool | tf.Tensor = True,
    outputs_collections: Any = None,
    scope: Any = None,
    seed: int | None = None,
) -> tf.Tensor:
    """Zeroes values at random in training and scales the others by 1 / keep_prob.

    Args:
      inputs: a float tensor.
      keep_prob: the probability that a value is kept, in (0, 1].
      noise_shape: shape of the random choices; 1 where an axis shares them.
      is_training: False returns the inputs; a bool tensor decides at each run.
      outputs_collections: collections of the result, or a dict that receives it.
      scope: variable scope, 'Dropout' if None.
      seed: of the random choices.

    Returns:
      A tensor of `inputs`' shape and type.
    """
    with tf.compat.v1.variable_scope(scope, "Dropout", [inputs]) as sc:
        inputs = tf.convert_to_tensor(inputs)

        def dropped(values: tf.Tensor, noise_shape: Any = None) -> tf.Tensor:
            return random_numbers.dropout(values, 1 - keep_prob, noise_shape, seed)

        frozen = computation.is_frozen(sc.name)
        mode = False if frozen else scoping.get_constant_bool(is_training)

        def decided(*values: Any) -> tf.Tensor:
            if mode is None:
                return tf.cond(
                    is_training,
                    lambda: dropped(*values),
                    lambda: tf.identity(values[0]),
                )
            return dropped(*values) if mode else tf.identity(values[0])

        if recomputation.is_in_block() and mode is not False:
            # Factors, 0 or 1 / keep_prob: no more of them than there are choices.
            shape = tf.shape(inputs) if noise_shape is None else noise_shape
            ones = tf.ones(shape, inputs.dtype)
            outputs = inputs * recomputation.once(lambda: decided(ones))
        else:
            outputs = decided(inputs, noise_shape)
        return scoping.collect_outputs(outputs_collections, sc.name, outputs)


@scoping.stands_for(tf_slim.flatten)
def flatten(
    inputs: tf.Tensor, outputs_collections: Any = None, scope: Any = None
) -> tf.Tensor:
    """Joins all axes but the first.

    Args:
      inputs: [batch, ...], rank >= 1.
      outputs_collections: collections of the result, or a dict that receives it.
      scope: name scope, 'Flatten' if None.

    Returns:
      [batch, k], with a static k where the other axes are static; 1 for rank 1.

    Raises:
      ValueError: the rank is unknown or 0.
    """
    with tf.compat.v1.name_scope(scope, "Flatten", [inputs]) as name:
        inputs = tf.convert_to_tensor(inputs)
        if not inputs.shape.rank:
            raise ValueError(f"flatten needs rank >= 1, not {inputs.shape}.")
        size = inputs.shape[1:].num_elements()
        batch = -1 if size else tf.shape(inputs)[0]
        shape = [batch, -1 if size is None else size]
        outputs = tf.reshape(inputs, shape, name="flatten/Reshape")
        return scoping.collect_outputs(outputs_collections, name, outputs)
