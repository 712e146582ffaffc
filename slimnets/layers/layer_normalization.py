"""Layer normalization (Ba et al., arXiv:1607.06450), tf_slim's signature.

tf_slim fixes epsilon; networks differ in it, and their published weights with them.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tf_slim

from slimnets.layers import scoping


@scoping.stands_for(tf_slim.layer_norm)
def layer_norm(
    inputs: tf.Tensor,
    center: bool = True,
    scale: bool = True,
    activation_fn: Callable | None = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    begin_norm_axis: int = 1,
    begin_params_axis: int = -1,
    scope: Any = None,
    epsilon: float | None = None,
) -> tf.Tensor:
    """Normalizes each example by its own moments.

    Args:
      inputs: float [batch, ..., channels].
      center: add `beta`.
      scale: multiply by `gamma`.
      activation_fn: applied to the result; None for none.
      reuse: reuse the layer's variables; needs `scope`.
      variables_collections: collections of the variables: a list, or a dict by name.
      outputs_collections: collections of the result, or a dict that receives it.
      trainable: whether beta and gamma are.
      begin_norm_axis: moments are taken over this axis and those after it; -1
        normalizes each pixel over its channels.
      begin_params_axis: beta and gamma have this axis and those after it.
      scope: variable scope, 'LayerNorm' if None.
      epsilon: added to the variance; None takes tf_slim's 1e-12, or 1e-3 for float16.

    Returns:
      A tensor of `inputs`' shape and type.

    Raises:
      ValueError: the rank is unknown, an axis is beyond it, or the axes of beta and
        gamma have an unknown size.
    """
    with tf.compat.v1.variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as sc:
        inputs = tf.convert_to_tensor(inputs)
        _check_axes(inputs, begin_norm_axis, begin_params_axis)

        def variable(name: str, initializer: Any) -> tf.Variable:
            stored = tf_slim.model_variable(
                name,
                shape=inputs.shape[begin_params_axis:],
                dtype=scoping.get_stored_type(inputs.dtype),
                initializer=initializer,
                collections=scoping.select_collections(variables_collections, name),
                trainable=trainable,
            )
            return scoping.cast_to(stored, inputs.dtype)

        beta = variable("beta", tf.compat.v1.zeros_initializer()) if center else None
        gamma = variable("gamma", tf.compat.v1.ones_initializer()) if scale else None
        if epsilon is None:
            epsilon = 1e-3 if inputs.dtype == tf.float16 else 1e-12
        axes = list(range(inputs.shape.rank))[begin_norm_axis:]
        mean, variance = tf.nn.moments(inputs, axes, keepdims=True)
        outputs = tf.nn.batch_normalization(
            inputs, mean, variance, beta, gamma, epsilon
        )
        outputs.set_shape(inputs.shape)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return scoping.collect_outputs(outputs_collections, sc.name, outputs)


def _check_axes(inputs: tf.Tensor, norm_axis: int, params_axis: int) -> None:
    rank = inputs.shape.rank
    if rank is None:
        raise ValueError(f"Inputs {inputs} has undefined rank.")
    if max(norm_axis, params_axis) >= rank:
        raise ValueError(
            f"begin_params_axis ({params_axis}) and begin_norm_axis ({norm_axis}) must"
            f" be < rank(inputs) ({rank})"
        )
    if not inputs.shape[params_axis:].is_fully_defined():
        raise ValueError(
            f"Inputs {inputs}: shape(inputs)[{params_axis}:] is not fully defined:"
            f" {inputs.shape}"
        )
