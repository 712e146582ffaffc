"""Evaluation of a fake-quantized graph by the sums that integer kernels make.

The values stay float32, which holds whole numbers to 2**24 exactly: only what leaves a
kernel is rounded, from the same sums as on a device.
"""

from collections.abc import Sequence

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
    outputs: Range | None,
    settings: FakeQuantization,
) -> None:
    """Lets a layer multiply and add whole numbers, and scales their sum.

    It is rounded here as XNNPACK's kernels do, by one float32 product and to the even
    integer, so that the fake quantization behind finds a whole number of its steps.

    Args:
      ops: of the network.
      linear: multiplies by the weights, its second input.
      bias: adds biases, its second input, to that alone; None where nothing does.
      inputs: the range in which its inputs are rounded.
      weights: that of its weights.
      outputs: that in which what leaves its kernel is rounded; None where it is not.
      settings: bits of both.
    """
    last = linear if bias is None else bias
    with name_scope(get_parent(linear.name)), tf.name_scope("integers"):
        # Biases have up to 20 bits, of which float32 would err in the last.
        input_step = _find_step(inputs, settings)
        weight_step = _divide(weights, 2**settings.weight_bits - 2)
        step = input_step * weight_step
        given = [(linear, 0, input_step), (linear, 1, weight_step)]
        if bias is not None:
            given.append((bias, 1, step))
        for op, index, unit in given:
            ops.redirect(op.inputs[index], _count(op.inputs[index], unit), [op])
        sums = last.outputs[0]
        readers = sums.consumers()
        if outputs is None:
            scaled = sums * tf.cast(step, tf.float32)
        else:
            output_step = _to_float32(_find_step(outputs, settings))
            steps = [_to_float32(input_step), _to_float32(weight_step)]
            scaled = _round_products(sums, steps, output_step) * output_step
    ops.redirect(sums, scaled, readers)
    if ops.resolve(sums) is sums:  # an end point, read by none that rounds it
        ops.redirect(sums, scaled)


def combine_integers(
    ops: Ops,
    op: tf.Operation,
    inputs: tuple[Range, Range],
    outputs: Range,
    settings: FakeQuantization,
) -> None:
    """Computes a sum or product of two rounded tensors as XNNPACK's kernels do.

    Args:
      ops: of the network.
      op: adds or multiplies element by element.
      inputs: the ranges in which its two inputs are rounded.
      outputs: that in which its result is.
      settings: bits of all three.
    """
    with name_scope(get_parent(op.name)), tf.name_scope("integers"):
        exact_steps = [_find_step(within, settings) for within in inputs]
        first, second = map(_count, op.inputs, exact_steps)
        steps = [_to_float32(step) for step in exact_steps]
        output_step = _to_float32(_find_step(outputs, settings))
        if op.type == "Mul":
            # In int32: of three floats TensorFlow would multiply the smaller two first.
            products = tf.cast(first, tf.int32) * tf.cast(second, tf.int32)
            integers = _round_products(_to_float32(products), steps, output_step)
        else:
            integers = _add((first, second), steps, output_step)
        scaled = integers * output_step
    result = op.outputs[0]
    ops.redirect(result, scaled, result.consumers())


def _add(
    counts: Sequence[tf.Tensor], steps: Sequence[tf.Tensor], output_step: tf.Tensor
) -> tf.Tensor:
    """Adds whole numbers of two steps by factors of 21 bits, and rounds halves up.

    The larger factor lies in [2**20, 2**21]; float64 holds the rest exactly.

    Args:
      counts: whole numbers.
      steps: of each of them, float32.
      output_step: float32.

    Returns:
      The sum in steps of the output, whole numbers in float32.
    """
    ratios = [tf.math.divide_no_nan(step, output_step) for step in steps]
    bits = tf.bitcast(tf.maximum(*ratios), tf.int32)
    exponent = tf.bitwise.right_shift(bits, 23) - 127
    unit = tf.pow(tf.constant(2.0, tf.float64), tf.cast(20 - exponent, tf.float64))
    products = [
        tf.cast(count, tf.float64) * tf.round(tf.cast(ratio, tf.float64) * unit)
        for count, ratio in zip(counts, ratios, strict=True)
    ]
    return _to_float32(tf.floor(sum(products) / unit + 0.5))


def _round_products(
    products: tf.Tensor, steps: Sequence[tf.Tensor], output_step: tf.Tensor
) -> tf.Tensor:
    """Rounds once, to the even integer.

    Args:
      products: of whole numbers of two steps, or sums of such.
      steps: the two, float32, in the kernels' order: the product is rounded too.
      output_step: float32.

    Returns:
      The same in steps of the output, whole numbers in float32.
    """
    factor = tf.math.divide_no_nan(steps[0] * steps[1], output_step)
    return tf.round(products * factor)


def _find_step(within: Range, settings: FakeQuantization) -> tf.Tensor:
    """Returns the step of activations' range, float64."""
    return _divide(within, 2**settings.activation_bits - 1)


def _to_float32(value: tf.Tensor) -> tf.Tensor:
    return tf.cast(value, tf.float32)


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
