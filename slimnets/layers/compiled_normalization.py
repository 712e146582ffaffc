"""Batch norm and the activation after it in fewer passes over memory, by XLA.

On a CPU, batch norm and relu6 are bound by memory, and TensorFlow computes statistics,
normalization and activation apart, and so their gradients. Here normalization and
activation are one pass, and each gradient recomputes the activation's input instead of
reading it. XLA, whose sums of what it computes on the way are not vectorized, is given
additions of an image's columns; a product sums the seventh or so that is left.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

Activation = Callable[[tf.Tensor], tf.Tensor]
Bounds = tuple[float, float | None]

# What an activation passes on, as the bounds of its input; None for no bound. Without
# an activation there is less to gain, and the first step would wait for more clusters.
_BOUNDS: dict[Activation, Bounds] = {
    tf.nn.relu: (0.0, None),
    tf.nn.relu6: (0.0, 6.0),
}
_MOST_PARTS = 8  # into which columns are split


class Normalized(NamedTuple):
    """Outputs, and the moments that moving averages are fed with.

    Attributes:
      outputs: normalized and activated.
      mean: float32 [channels].
      variance: float32 [channels], the unbiased estimate.
    """

    outputs: tf.Tensor
    mean: tf.Tensor
    variance: tf.Tensor


def can_activate(activation: Activation) -> bool:
    """Returns whether an activation can be computed along."""
    return activation in _BOUNDS


def normalize(
    inputs: tf.Tensor,
    scale: tf.Tensor,
    offset: tf.Tensor,
    epsilon: float,
    activation: Activation,
) -> Normalized:
    """Normalizes by the batch's moments, then scales, offsets and activates.

    Args:
      inputs: float32 [batch, height, width, channels].
      scale: float32 [channels], gamma.
      offset: float32 [channels], beta.
      epsilon: added to the variance.
      activation: one that `can_activate`.
    """
    bounds = _BOUNDS[activation]

    @tf.custom_gradient
    def run(
        inputs: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor
    ) -> tuple[tuple[tf.Tensor, ...], Callable[..., tuple[tf.Tensor, ...]]]:
        mean, variance = _compute_moments(inputs)
        inverse = tf.math.rsqrt(variance + epsilon)
        # One multiplication and one addition for each value.
        factor = scale * inverse
        shift = offset - mean * factor
        count = _count(inputs)

        def gradients(upstream: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, ...]:
            line = factor, shift
            passed, products = _add_gradients(
                upstream, inputs, *line, mean, bounds=bounds
            )
            of_offset, of_scale = _sum(passed), _sum(products) * inverse
            # upstream - mean(upstream) - normalized * mean(upstream * normalized)
            slope = -of_scale / count * inverse
            constant = -of_offset / count - mean * slope
            of_inputs = _combine(
                upstream, inputs, *line, slope, constant, bounds=bounds
            )
            return of_inputs, of_scale, of_offset

        outputs = _activate(inputs, factor, shift, bounds=bounds)
        unbiased = variance * (count / tf.maximum(count - 1.0, 1.0))
        return (outputs, mean, unbiased), gradients

    return Normalized(
        *run(inputs, tf.convert_to_tensor(scale), tf.convert_to_tensor(offset))
    )


def _count(inputs: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.size(inputs) / tf.shape(inputs)[-1], tf.float32)


def _compute_moments(inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns mean and variance, in two passes: no difference of large numbers."""
    count = _count(inputs)
    mean = _sum(_add_columns(inputs)) / count
    return mean, _sum(_add_squares(inputs, mean)) / count


def _sum(columns: tf.Tensor) -> tf.Tensor:
    """Sums over all but the channels, as a product with ones: the fastest way."""
    rows = tf.reshape(columns, [-1, columns.shape[-1]])
    return tf.matmul(tf.ones([1, tf.shape(rows)[0]]), rows)[0]


_compile = tf.function(autograph=False, jit_compile=True)


@_compile
def _add_columns(inputs: tf.Tensor) -> tf.Tensor:
    return tf.add_n(_split_columns(inputs))


@_compile
def _add_squares(inputs: tf.Tensor, mean: tf.Tensor) -> tf.Tensor:
    return tf.add_n([tf.square(part - mean) for part in _split_columns(inputs)])


@_compile
def _activate(
    inputs: tf.Tensor, factor: tf.Tensor, shift: tf.Tensor, bounds: Bounds
) -> tf.Tensor:
    least, most = bounds
    outputs = tf.maximum(inputs * factor + shift, least)
    return outputs if most is None else tf.minimum(outputs, most)


@_compile
def _add_gradients(
    upstream: tf.Tensor,
    inputs: tf.Tensor,
    factor: tf.Tensor,
    shift: tf.Tensor,
    mean: tf.Tensor,
    bounds: Bounds,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Adds columns of what the activation passes on, and of its product with inputs."""
    parts = zip(_split_columns(upstream), _split_columns(inputs), strict=True)
    passed = [(_pass(up, part, factor, shift, bounds), part) for up, part in parts]
    products = [one * (part - mean) for one, part in passed]
    return tf.add_n([one for one, _ in passed]), tf.add_n(products)


@_compile
def _combine(
    upstream: tf.Tensor,
    inputs: tf.Tensor,
    factor: tf.Tensor,
    shift: tf.Tensor,
    slope: tf.Tensor,
    constant: tf.Tensor,
    bounds: Bounds,
) -> tf.Tensor:
    passed = _pass(upstream, inputs, factor, shift, bounds)
    return factor * (passed + inputs * slope + constant)


def _pass(
    upstream: tf.Tensor,
    inputs: tf.Tensor,
    factor: tf.Tensor,
    shift: tf.Tensor,
    bounds: Bounds,
) -> tf.Tensor:
    """Returns the gradient of what the activation was given."""
    least, most = bounds
    given = inputs * factor + shift
    inside = given > least if most is None else (given > least) & (given < most)
    return tf.where(inside, upstream, tf.zeros_like(upstream))


def _split_columns(images: tf.Tensor) -> list[tf.Tensor]:
    """Splits [batch, height, width, channels] along the width, to be added up."""
    width = images.shape[2]
    if width is None:
        return [images]
    count = max(n for n in range(1, _MOST_PARTS + 1) if width % n == 0)
    return tf.split(images, count, axis=2)
