"""Batch normalization (Ioffe and Szegedy, arXiv:1502.03167), tf_slim's signature.

tf_slim's own asks for Keras 2 classes that no TensorFlow since 2.13 carries. This one
is written on TensorFlow ops alone. Unless `Computation.sync_batch_norm` asks for it, it
never leaves the replica it runs in: its moving averages are ON_READ variables, kept by
each replica and averaged when they are read.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf
import tf_slim

from slimnets.layers import (
    averages,
    compiled_normalization,
    computation,
    normalization_parameters,
    recomputation,
    renormalization,
    scoping,
    synced_moments,
)
from slimnets.layers.folding import Parameters
from slimnets.layers.renormalization import Adjustment, Renormalization

UPDATE_OPS = tf.compat.v1.GraphKeys.UPDATE_OPS
_FUSED_EPSILON = 1.001e-5  # the least that TensorFlow's fused kernel takes


@scoping.stands_for(tf_slim.batch_norm)
def batch_norm(
    inputs: tf.Tensor,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Callable | None = None,
    param_initializers: dict[str, Any] | None = None,
    param_regularizers: dict[str, Any] | None = None,
    updates_collections: Any = UPDATE_OPS,
    is_training: bool | tf.Tensor = True,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    batch_weights: tf.Tensor | None = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,
    renorm: bool = False,
    renorm_clipping: dict[str, Any] | None = None,
    renorm_decay: float = 0.99,
    adjustment: Adjustment | None = None,
) -> tf.Tensor:
    """Normalizes each channel by the batch's moments, or by their moving averages.

    Args:
      inputs: float [batch, ..., channels] (NHWC) or [batch, channels, ...] (NCHW),
        rank >= 2.
      decay: of the moving averages, in [0, 1]; lower follows short runs better.
      center: add `beta`.
      scale: multiply by `gamma`; can be left out where a linear layer or relu follows.
      epsilon: added to the variance.
      activation_fn: applied to the result; None for none.
      param_initializers: initializers of 'beta', 'gamma', 'moving_mean' and
        'moving_variance', those given.
      param_regularizers: regularizers of 'beta' and 'gamma', those given.
      updates_collections: graph collections that receive the two update ops; None
        runs the updates before the result is available. In a `tf.function` and
        eagerly the updates always run with the call.
      is_training: normalize by the batch and update the averages, or use the averages;
        a bool tensor decides at each run.
      reuse: reuse the layer's variables; needs `scope`.
      variables_collections: collections of the variables: a list, or a dict by name.
      outputs_collections: collections of the result, or a dict that receives it.
      trainable: whether beta and gamma are.
      batch_weights: float [batch], weighs the examples in the moments.
      fused: None or True take TensorFlow's fused kernel where it applies (rank 2 or 4,
        no batch_weights, renorm, adjustment or float64); False never does. The fused
        kernel feeds the moving variance with the unbiased estimate (n / (n - 1)), as it
        did in TF 1.
      data_format: 'NHWC' or 'NCHW'.
      zero_debias_moving_mean: correct the moving mean's start at zero (Adam's rule);
        adds the variables 'biased' and 'local_step'.
      scope: variable scope, 'BatchNorm' if None.
      renorm: batch renormalization (arXiv:1702.03275): training normalizes by averages
        too, so that small batches do; adds three variables.
      renorm_clipping: bounds of its corrections: 'rmin', 'rmax', 'dmax', those given.
      renorm_decay: of the averages that training normalizes by, in [0, 1].
      adjustment: `f(shape) -> (scale, bias)` to apply to the normalized values in
        training, before gamma and beta; it takes the shape of the inputs, int32 [rank].

    Returns:
      A tensor of `inputs`' shape and type.

    Raises:
      ValueError: data_format is unknown, the rank or channels are undefined, or
        renorm_clipping has another key.
    """
    data_format = scoping.check_data_format(data_format)
    with scoping.layer_scope(scope, "BatchNorm", inputs, reuse, renamed={}) as sc:
        inputs = tf.convert_to_tensor(inputs)
        if inputs.shape.rank is None:
            raise ValueError(f"Inputs {inputs} has undefined rank.")
        # Vectors this short are kept whole, whatever the scope around does to weights.
        sc.set_partitioner(None)
        plain_only = renorm or adjustment is not None or batch_weights is not None
        can_be_fused = (
            not plain_only
            and inputs.shape.rank in (2, 4)
            and inputs.dtype != tf.float64
        )
        parameters = normalization_parameters.make(
            inputs,
            data_format,
            center,
            scale,
            param_initializers or {},
            param_regularizers or {},
            variables_collections,
            trainable,
            # tf_slim's two ways to build the layer differ in this.
            beta_first=batch_weights is not None
            or updates_collections != UPDATE_OPS
            or zero_debias_moving_mean
            or (inputs.shape.rank == 2 and fused is not False and not plain_only),
        )
        correction = (
            renormalization.make(
                parameters,
                param_initializers or {},
                epsilon,
                renorm_clipping or {},
                renorm_decay,
                variables_collections,
            )
            if renorm
            else None
        )
        if computation.is_frozen(sc.name):
            is_training = False
        if fused is not False and can_be_fused and not synced_moments.are_asked_for():
            normalize = _make_fused(inputs, parameters, epsilon, data_format)
            if activation_fn is not None and _can_compile(
                inputs, data_format, is_training, activation_fn
            ):
                normalize = _compile(
                    normalize, inputs, parameters, epsilon, activation_fn
                )
                activation_fn = None
        else:
            normalize = _make_plain(
                inputs,
                parameters,
                epsilon,
                data_format,
                batch_weights,
                correction,
                adjustment,
                is_unbiased=fused is not False and can_be_fused,
            )
        outputs = _normalize_by_mode(
            normalize,
            parameters,
            correction,
            is_training,
            decay,
            zero_debias_moving_mean,
            updates_collections,
        )
        outputs.set_shape(inputs.shape)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return scoping.collect_outputs(outputs_collections, sc.name, outputs)


class _Normalization(NamedTuple):
    """The two halves of a layer: by the batch's moments, and by given ones."""

    training: Callable[[], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]  # outputs, moments
    inference: Callable[[], tf.Tensor]


def _make_fused(
    inputs: tf.Tensor, parameters: Parameters, epsilon: float, data_format: str
) -> _Normalization:
    """Normalization by TensorFlow's fused kernel; rank 2 is an image of one pixel."""
    channels = parameters.moving_mean.shape.num_elements()
    pixel = [-1, channels, 1, 1] if data_format == "NCHW" else [-1, 1, 1, channels]
    images = inputs if inputs.shape.rank == 4 else tf.reshape(inputs, pixel)
    gamma, beta = parameters.gamma, parameters.beta
    scale = tf.ones([channels]) if gamma is None else gamma
    offset = tf.zeros([channels]) if beta is None else beta

    def run(**moments: Any) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            images, scale, offset, epsilon=epsilon, data_format=data_format, **moments
        )
        if inputs.shape.rank == 2:
            outputs = tf.reshape(outputs, tf.shape(inputs))
        return outputs, mean, variance

    def unfolded() -> tf.Tensor:
        return run(
            mean=parameters.moving_mean,
            variance=parameters.moving_variance,
            is_training=False,
        )[0]

    return _Normalization(
        training=lambda: run(is_training=True),
        inference=lambda: _infer(
            inputs, parameters, max(epsilon, _FUSED_EPSILON), data_format, unfolded
        ),
    )


def _can_compile(
    inputs: tf.Tensor,
    data_format: str,
    is_training: bool | tf.Tensor,
    activation_fn: Callable,
) -> bool:
    """Whether XLA may compute the batch's moments, and all up to the activation."""
    way = computation.current()
    trains = scoping.get_constant_bool(is_training) and not way.frozen_batch_norm
    return (
        way.compiled_batch_norm
        and bool(trains)
        and inputs.shape.rank == 4
        and inputs.dtype == tf.float32
        and data_format == "NHWC"
        and compiled_normalization.can_activate(activation_fn)
    )


def _compile(
    normalize: _Normalization,
    inputs: tf.Tensor,
    parameters: Parameters,
    epsilon: float,
    activation_fn: Callable,
) -> _Normalization:
    """Lets XLA normalize by the batch's moments, and activate."""
    channels = parameters.moving_mean.shape.num_elements()
    gamma, beta = parameters.gamma, parameters.beta
    return normalize._replace(
        training=lambda: compiled_normalization.normalize(
            inputs,
            tf.ones([channels]) if gamma is None else gamma,
            tf.zeros([channels]) if beta is None else beta,
            max(epsilon, _FUSED_EPSILON),
            activation_fn,
        )
    )


def _make_plain(
    inputs: tf.Tensor,
    parameters: Parameters,
    epsilon: float,
    data_format: str,
    batch_weights: tf.Tensor | None,
    correction: Renormalization | None,
    adjustment: Adjustment | None,
    is_unbiased: bool,
) -> _Normalization:
    """Normalization by separate ops: any rank, weighted examples, synced replicas.

    `is_unbiased` lets synced moments feed the moving variance as the fused kernel does.
    """
    rank = inputs.shape.rank
    channel_axis = 1 if data_format == "NCHW" else rank - 1
    axes = [axis for axis in range(rank) if axis != channel_axis]
    broadcast = [-1 if axis == channel_axis else 1 for axis in range(rank)]
    # In the type of the variables: 16 bits would lose most of the moments.
    exact = parameters.moving_mean.dtype.base_dtype

    def moments() -> tuple[tf.Tensor, tf.Tensor]:
        values = tf.cast(inputs, exact)
        if batch_weights is None:
            return tf.nn.moments(values, axes)
        weights = tf.reshape(tf.cast(batch_weights, exact), [-1] + [1] * (rank - 1))
        return tf.nn.weighted_moments(values, axes, weights)

    def count() -> tf.Tensor:
        channels = inputs.shape.as_list()[channel_axis]
        values = tf.cast(tf.size(inputs) / channels, exact)
        if batch_weights is None:
            return values
        return values * tf.reduce_mean(tf.cast(batch_weights, exact))

    def spread(vector: tf.Tensor | None) -> tf.Tensor | None:
        return None if vector is None else tf.reshape(vector, broadcast)

    def normalized(mean: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
        return tf.nn.batch_normalization(
            inputs,
            spread(mean),
            spread(variance),
            spread(parameters.beta),
            spread(parameters.gamma),
            epsilon,
        )

    def corrected(
        mean: tf.Tensor, variance: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        if correction is None and adjustment is None:
            return normalized(mean, variance), mean, variance
        scale, offset = spread(parameters.gamma), spread(parameters.beta)
        if adjustment is not None:
            adjusted = adjustment(tf.shape(inputs))
            scale, offset = renormalization.compose(adjusted, scale, offset)
        if correction is not None:
            r, d, mean, variance = correction.correct(mean, variance)
            scale, offset = renormalization.compose(
                (spread(r), spread(d)), scale, offset
            )
        outputs = tf.nn.batch_normalization(
            tf.cast(inputs, exact),
            spread(mean),
            spread(variance),
            offset,
            scale,
            epsilon,
        )
        return tf.cast(outputs, inputs.dtype), mean, variance

    def training() -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        mean, variance = moments()
        if not synced_moments.are_asked_for():
            return corrected(mean, variance)
        own = synced_moments.Moments(mean, variance, count())
        mean, variance, count_of_all = synced_moments.sync(own)
        outputs, mean, variance = corrected(mean, variance)
        if is_unbiased:
            variance *= count_of_all / tf.maximum(count_of_all - 1, 1)
        return outputs, mean, variance

    return _Normalization(
        training=training,
        inference=lambda: _infer(
            inputs,
            parameters,
            epsilon,
            data_format,
            lambda: normalized(parameters.moving_mean, parameters.moving_variance),
        ),
    )


def _infer(
    inputs: tf.Tensor,
    parameters: Parameters,
    epsilon: float,
    data_format: str,
    unfolded: Callable[[], tf.Tensor],
) -> tf.Tensor:
    """Normalizes by the moving averages, folded if that can be, else `unfolded()`."""
    folding = computation.current().folding
    if folding is not None:
        outputs = folding.normalize(inputs, parameters, epsilon, data_format)
        if outputs is not None:
            return outputs
    return unfolded()


def _normalize_by_mode(
    normalize: _Normalization,
    parameters: Parameters,
    correction: Renormalization | None,
    is_training: bool | tf.Tensor,
    decay: float,
    zero_debias: bool,
    updates_collections: Any,
) -> tf.Tensor:
    """Runs the half that `is_training` names, a tensor at each run, and updates."""
    mode = scoping.get_constant_bool(is_training)
    if mode is False or computation.current().frozen_batch_norm:
        return normalize.inference()
    limit = computation.current().batch_norm_decay_limit
    if limit is not None:
        decay = tf.minimum(tf.cast(decay, tf.float32), limit)
    dtype = parameters.moving_mean.dtype.base_dtype
    decay = tf.cast(decay, dtype) if tf.is_tensor(decay) else decay
    biased = (
        averages.make_debiasing_variables(parameters.moving_mean)
        if zero_debias
        else None
    )

    def update(mean: tf.Tensor, variance: tf.Tensor) -> list[tf.Tensor]:
        moving_mean, moving_variance = parameters[2:]
        if correction is not None:
            with tf.control_dependencies(correction.update(mean, variance)):
                mean, variance = tf.identity(mean), tf.identity(variance)
        return [
            averages.update_debiased(moving_mean, *biased, mean, decay)
            if biased
            else averages.update(moving_mean, mean, decay),
            averages.update(moving_variance, variance, decay)
            if correction is None
            else correction.update_variance(moving_variance, variance, decay),
        ]

    if mode is None:
        outputs, mean, variance = tf.cond(
            is_training,
            normalize.training,
            lambda: (
                normalize.inference(),
                tf.convert_to_tensor(parameters.moving_mean),
                tf.convert_to_tensor(parameters.moving_variance),
            ),
        )
    else:
        outputs, mean, variance = normalize.training()
    if recomputation.is_rerun():
        return outputs
    if mode is None:
        outcome = tf.cond(
            is_training,
            lambda: [tf.identity(u) for u in update(mean, variance)],
            lambda: [mean, variance],
        )
    else:
        outcome = update(mean, variance)
    if updates_collections is None:
        with tf.control_dependencies(outcome):
            return tf.identity(outputs)
    if not tf.executing_eagerly():
        for op in outcome:
            tf.compat.v1.add_to_collections(updates_collections, op)
    return outputs
