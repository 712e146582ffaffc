"""Evaluation of a fake-quantized graph by the sums that integer kernels make.

The values stay float32, which holds whole numbers to 2**24 exactly: only what leaves a
kernel is rounded, from the same sums as on a device.
"""

import tensorflow as tf

from slimnets.layers.fake_quantization import FakeQuantization
from slimnets.quantization.graph import Ops, get_parent, name_scope
from slimnets.quantization.ranges import Range

# Of a step: sums of means' values err by less, and no mean of a thousand values or
# fewer lies so near the middle without lying there.
_NEAR = 1e-4


def add_up_integers(
    ops: Ops,
    linear: tf.Operation,
    bias: tf.Operation | None,
    inputs: Range,
    weights: Range,
    settings: FakeQuantization,
) -> None:
    """Lets a layer multiply and add whole numbers, and scales their sum.

    Args:
      ops: of the network.
      linear: multiplies by the weights, its second input.
      bias: adds biases, its second input, to that alone; None where nothing does.
      inputs: the range in which its inputs are rounded.
      weights: that of its weights.
      settings: bits of both.
    """
    last = linear if bias is None else bias
    with name_scope(get_parent(linear.name)), tf.name_scope("integers"):
        # Biases have up to 20 bits, of which float32 would err in the last.
        input_step = _divide(inputs, 2**settings.activation_bits - 1)
        weight_step = _divide(weights, 2**settings.weight_bits - 2)
        step = input_step * weight_step
        given = [(linear, 0, input_step), (linear, 1, weight_step)]
        if bias is not None:
            given.append((bias, 1, step))
        for op, index, unit in given:
            ops.redirect(op.inputs[index], _count(op.inputs[index], unit), [op])
        sums = last.outputs[0]
        readers = sums.consumers()
        scaled = sums * tf.cast(step, tf.float32)
    ops.redirect(sums, scaled, readers)
    if ops.resolve(sums) is sums:  # an end point, read by none that rounds it
        ops.redirect(sums, scaled)


def _divide(within: Range, steps: int) -> tf.Tensor:
    """Returns the step that makes so many of a range, float64."""
    low, high = (tf.cast(end, tf.float64) for end in within)
    return (high - low) / steps


def _count(values: tf.Tensor, unit: tf.Tensor) -> tf.Tensor:
    """Returns how many units values are, whole numbers in float32."""
    units = tf.math.divide_no_nan(tf.cast(values, tf.float64), unit)
    return tf.cast(tf.round(units), tf.float32)


def round_mean(
    mean: tf.Tensor, kind: str, within: Range, settings: FakeQuantization
) -> tf.Tensor:
    """Rounds means as LiteRT does, which differs where they lie half between integers.

    Args:
      mean: of values rounded within the range, of any shape.
      kind: of its op: AvgPool, whose kernel rounds such away from the integer 0, or
        Mean, whose kernel takes the even one of the two.
      within: the range.
      settings: bits.
    """
    count = 2**settings.activation_bits
    step = (within.high - within.low) / (count - 1)
    # The kernels' integers are as many below 0 as above, but for one.
    shift = tf.round(tf.math.divide_no_nan(-within.low, step)) - count // 2
    integers = tf.math.divide_no_nan(mean, step) + shift
    below = tf.floor(integers)
    is_half = tf.abs(integers - below - 0.5) < _NEAR
    if kind == "AvgPool":
        half = below + tf.cast(integers > 0, tf.float32)
    else:
        half = below + tf.math.floormod(below, 2.0)
    return (tf.where(is_half, half, tf.round(integers)) - shift) * step
