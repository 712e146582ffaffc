"""Moving averages of a layer's moments: how a step of training moves them."""

import tensorflow as tf
import tf_slim

# Each replica keeps its own average; reading one gives their mean.
KEPT_BY_REPLICA = {
    "trainable": False,
    "synchronization": tf.VariableSynchronization.ON_READ,
    "aggregation": tf.VariableAggregation.MEAN,
}


def update(variable: tf.Variable, value: tf.Tensor, decay: float) -> tf.Tensor:
    """Moves an average: variable <- decay * variable + (1 - decay) * value."""
    return variable.assign_sub((variable - value) * (1 - decay), name="AssignMovingAvg")


def make_debiasing_variables(
    moving_mean: tf.Variable,
) -> tuple[tf.Variable, tf.Variable]:
    """Makes the two helpers of a debiased average.

    Their names repeat the scope, 'a/BatchNorm/a/BatchNorm/moving_mean/biased': so did
    TensorFlow 1, and checkpoints hold them under these names.
    """
    zeros = tf.compat.v1.zeros_initializer()
    with tf.compat.v1.variable_scope(moving_mean.name.removesuffix(":0")):
        options = {
            "dtype": moving_mean.dtype.base_dtype,
            "initializer": zeros,
            **KEPT_BY_REPLICA,
        }
        shape = moving_mean.shape
        biased = tf_slim.model_variable("biased", shape=shape, **options)
        local_step = tf_slim.model_variable("local_step", shape=[], **options)
    return biased, local_step


def update_debiased(
    moving_mean: tf.Variable,
    biased: tf.Variable,
    local_step: tf.Variable,
    mean: tf.Tensor,
    decay: float,
) -> tf.Tensor:
    """Moves the biased average and sets the moving mean to its unbiased value."""
    moved = update(biased, mean, decay)
    step = tf.convert_to_tensor(local_step.assign_add(1.0))
    return moving_mean.assign(moved / (1 - tf.pow(tf.cast(decay, step.dtype), step)))
