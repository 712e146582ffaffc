"""The variables of one batch norm, under TF-Slim's names and in its order."""

from typing import Any

import tensorflow as tf
import tf_slim

from slimnets.layers import averages, scoping
from slimnets.layers.folding import Parameters


def make(
    inputs: tf.Tensor,
    data_format: str,
    center: bool,
    scale: bool,
    initializers: dict[str, Any],
    regularizers: dict[str, Any],
    variables_collections: Any,
    trainable: bool,
    beta_first: bool,
) -> Parameters:
    """Makes or finds a batch norm's variables, in the scope around.

    Args:
      inputs: of the layer.
      data_format: 'NHWC' or 'NCHW'.
      center: whether there is a beta.
      scale: whether there is a gamma.
      initializers: by name, those given.
      regularizers: of beta and gamma by name, those given.
      variables_collections: collections of the variables: a list, or a dict by name.
      trainable: whether beta and gamma are.
      beta_first: make beta before gamma.

    Raises:
      ValueError: the channels are undefined.
    """
    channels = scoping.get_channels(inputs, data_format)

    def variable(name: str, start: Any, **options: Any) -> tf.Variable:
        return tf_slim.model_variable(
            name,
            shape=[channels],
            # float32 at least: half precision would lose small updates.
            dtype=tf.float64 if inputs.dtype == tf.float64 else tf.float32,
            initializer=initializers.get(name, start),
            regularizer=scoping.regularize_in_scope(regularizers.get(name), name),
            collections=scoping.select_collections(variables_collections, name),
            **options,
        )

    zeros = tf.compat.v1.zeros_initializer()
    ones = tf.compat.v1.ones_initializer()
    asked = {"gamma": scale, "beta": center}
    made = {
        name: variable(name, ones if name == "gamma" else zeros, trainable=trainable)
        for name in sorted(asked, reverse=not beta_first)
        if asked[name]
    }
    return Parameters(
        gamma=made.get("gamma"),
        beta=made.get("beta"),
        moving_mean=variable("moving_mean", zeros, **averages.KEPT_BY_REPLICA),
        moving_variance=variable("moving_variance", ones, **averages.KEPT_BY_REPLICA),
    )
