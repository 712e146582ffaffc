"""Fake quantization of one tensor, and the variables that hold its range."""

from typing import NamedTuple

import tensorflow as tf

from slimnets.layers import averages
from slimnets.layers.fake_quantization import FakeQuantization


class Range(NamedTuple):
    """The least and the largest value that integers stand for, scalars around 0."""

    low: tf.Tensor
    high: tf.Tensor


class Quantized(NamedTuple):
    """A tensor after fake quantization, and its range."""

    values: tf.Tensor
    range: Range


def quantize_weights(
    weights: tf.Tensor, name: str, is_training: bool, settings: FakeQuantization
) -> Quantized:
    """Rounds weights within the range that they have now.

    Args:
      weights: float, of any shape.
      name: scope of the variables 'min' and 'max'.
      is_training: set the range, or take it as it is.
      settings: bits, symmetry and delay.
    """
    with tf.compat.v1.variable_scope(None, default_name=name):
        low, high = _make_variables(-6.0, 6.0)
        found = Range(tf.convert_to_tensor(low), tf.convert_to_tensor(high))
        if is_training:
            now = _measure(weights, settings.symmetric_weights, narrow_bits=None)
            found = Range(_assign(low, now.low), _assign(high, now.high))
        rounded = _round(weights, found, settings.weight_bits, narrow=True)
    return Quantized(_delay(rounded, weights, is_training, settings), found)


def quantize_activations(
    activations: tf.Tensor,
    name: str,
    is_training: bool,
    settings: FakeQuantization,
    start: float = -6.0,
) -> Quantized:
    """Rounds activations within moving averages of the range of each batch.

    Args:
      activations: float, of any shape.
      name: scope of the variables 'min' and 'max', and of what debiases them.
      is_training: move the averages, or take them as they are.
      settings: bits, symmetry, delay and decay.
      start: of the variable 'min'.
    """
    bits = settings.activation_bits
    with tf.compat.v1.variable_scope(None, default_name=name):
        low, high = _make_variables(start, 6.0)
        found = Range(tf.convert_to_tensor(low), tf.convert_to_tensor(high))
        if is_training:
            now = _measure(activations, settings.symmetric_activations, bits)
            found = Range(
                _move(low, now.low, settings.decay),
                _move(high, now.high, settings.decay),
            )
        rounded = _round(activations, found, bits, narrow=False)
    return Quantized(_delay(rounded, activations, is_training, settings), found)


def requantize(
    values: tf.Tensor,
    within: Range,
    name: str,
    is_training: bool,
    settings: FakeQuantization,
) -> Quantized:
    """Rounds what was computed from rounded values, within a range known from these."""
    with tf.name_scope(name):
        rounded = _round(values, within, settings.activation_bits, narrow=False)
    return Quantized(_delay(rounded, values, is_training, settings), within)


def read_constant(rounding: tf.Operation) -> Range:
    """Returns the range of an op that rounds within a constant one."""
    return Range(*(tf.constant(rounding.get_attr(end)) for end in ("min", "max")))


def unround(tensor: tf.Tensor) -> tf.Tensor:
    """Returns what a tensor was before it was rounded, if it was."""
    rounded = tensor.op.type == "FakeQuantWithMinMaxVars"
    return tensor.op.inputs[0] if rounded else tensor


def round_constant(tensor: tf.Tensor) -> Quantized | None:
    """Returns a constant number as converters round it; None of another tensor."""
    if tensor.op.type != "Const" or tensor.shape.rank != 0:
        return None
    return Quantized(tensor, Range(tf.minimum(tensor, 0.0), tf.maximum(tensor, 0.0)))


def unite(ranges: list[Range]) -> Range:
    """Returns the range that has all of some in it."""
    return Range(
        tf.reduce_min(tf.stack([one.low for one in ranges])),
        tf.reduce_max(tf.stack([one.high for one in ranges])),
    )


def _make_variables(low: float, high: float) -> tuple[tf.Variable, tf.Variable]:
    """Makes or finds 'min' and 'max' in the scope around."""
    tf.compat.v1.get_variable_scope().set_partitioner(None)
    lowest, highest = (
        tf.compat.v1.get_variable(
            name,
            shape=[],
            dtype=tf.float32,
            initializer=tf.compat.v1.constant_initializer(start),
            **averages.KEPT_BY_REPLICA,
        )
        for name, start in (("min", low), ("max", high))
    )
    return lowest, highest


def _measure(values: tf.Tensor, symmetric: bool, narrow_bits: int | None) -> Range:
    """Returns the range of values, with 0 in it.

    Args:
      values: float, of any shape.
      symmetric: as far below 0 as above.
      narrow_bits: None where the integers are as many below 0 as above; else of how
        many bits they are: one more lies below 0.
    """
    values = tf.stop_gradient(values)
    low, high = tf.reduce_min(values), tf.reduce_max(values)
    if not symmetric:
        return Range(tf.minimum(low, 0.0), tf.maximum(high, 0.0))
    ratio = 1.0 if narrow_bits is None else (2**narrow_bits - 2) / 2**narrow_bits
    return Range(tf.minimum(low, -high / ratio), tf.maximum(high, -low * ratio))


def _assign(variable: tf.Variable, value: tf.Tensor) -> tf.Tensor:
    return tf.stop_gradient(tf.convert_to_tensor(variable.assign(value)))


def _move(variable: tf.Variable, value: tf.Tensor, decay: float) -> tf.Tensor:
    biased, local_step = _make_debiasing_variables(variable)
    moved = averages.update_debiased(variable, biased, local_step, value, decay)
    return tf.stop_gradient(tf.convert_to_tensor(moved))


def _make_debiasing_variables(variable: tf.Variable) -> tuple[tf.Variable, tf.Variable]:
    """Makes or finds what a moving average needs to forget that it began at 0.

    The names repeat the scope, as TensorFlow 1 made them.
    """
    with tf.compat.v1.variable_scope(variable.name.removesuffix(":0")):
        biased, local_step = (
            tf.compat.v1.get_variable(
                name,
                shape=[],
                dtype=tf.float32,
                initializer=tf.compat.v1.zeros_initializer(),
                **averages.KEPT_BY_REPLICA,
            )
            for name in ("biased", "local_step")
        )
    return biased, local_step


def _round(values: tf.Tensor, within: Range, bits: int, narrow: bool) -> tf.Tensor:
    """The straight-through estimator: its gradient is 1 within the range, 0 beyond."""
    return tf.quantization.fake_quant_with_min_max_vars(
        values, within.low, within.high, num_bits=bits, narrow_range=narrow
    )


def _delay(
    rounded: tf.Tensor, values: tf.Tensor, is_training: bool, settings: FakeQuantization
) -> tf.Tensor:
    """Returns rounded values, in training only from the step on that was asked for."""
    if not is_training or settings.delay <= 0 or settings.step is None:
        return rounded
    begun = tf.convert_to_tensor(settings.step) >= settings.delay
    return tf.where(begun, rounded, values)
