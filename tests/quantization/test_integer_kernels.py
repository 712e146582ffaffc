"""What leaves an integer kernel, beside NumPy's integers by the kernels' formulas."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from slimnets.layers.fake_quantization import FakeQuantization
from slimnets.quantization import integer_kernels, ranges
from slimnets.quantization.graph import Ops
from slimnets.quantization.integer_kernels import round_mean
from slimnets.quantization.ranges import Range

SETTINGS = FakeQuantization()
LEVELS = np.arange(-128, 128)
# Steps of two inputs and an output: ratios of all sizes, equal, powers of 2, far apart.
STEPS = [(0.1, 0.037, 0.09), (0.05, 0.05, 0.1), (0.25, 0.5, 0.25), (1e-3, 0.3, 0.2)]


class Scale:
    """A range of integers around 0, in variables as a network's are.

    Attributes:
      exact: its step, float64; a file has it as float32.
    """

    def __init__(self, step: float, count: int = 255):
        """Takes the step, and how many there are."""
        low, high = (
            np.float32(-(count // 2) * step),
            np.float32((count + 1) // 2 * step),
        )
        self._low, self._high = tf.Variable(low), tf.Variable(high)
        self.exact = (np.float64(high) - np.float64(low)) / count

    def read(self) -> Range:
        return Range(tf.identity(self._low), tf.identity(self._high))

    def hold(self, integers: np.ndarray) -> tf.Tensor:
        return tf.constant(integers * self.exact, tf.float32)

    def count(self, values: tf.Tensor) -> np.ndarray:
        """Returns the integers that values are, all of them."""
        integers = values.numpy() / self.exact
        np.testing.assert_allclose(integers, np.rint(integers), atol=1e-3)
        return np.rint(integers).astype(np.int64)


def combine(
    combination: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    steps: tuple[float, float, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Returns a kernel's integers for all pairs of integers, and the steps, float32."""
    first, second, output = (Scale(step) for step in steps)

    @tf.function(autograph=False)
    def kernel(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
        result = combination(one, other)
        read = tf.identity(result)
        integer_kernels.combine_integers(
            Ops([result.op, read.op]),
            result.op,
            (first.read(), second.read()),
            output.read(),
            SETTINGS,
        )
        return read

    found = kernel(first.hold(LEVELS[:, None]), second.hold(LEVELS[None]))
    return output.count(found), np.float32([first.exact, second.exact, output.exact])


@pytest.mark.parametrize("steps", STEPS)
def test_sums_are_of_factors_of_21_bits_and_halves_go_up(steps):
    found, (first, second, output) = combine(tf.add, steps)
    ratios = [first / output, second / output]
    shift = 21 - int(np.frexp(max(ratios))[1])
    factors = [int(np.rint(np.ldexp(float(ratio), shift))) for ratio in ratios]
    assert 2**20 <= max(factors) <= 2**21
    sums = LEVELS[:, None] * factors[0] + LEVELS[None] * factors[1]
    np.testing.assert_array_equal(found, (sums + 2 ** (shift - 1)) >> shift)


@pytest.mark.parametrize("steps", STEPS)
def test_products_are_rounded_once_to_the_even_integer(steps):
    found, (first, second, output) = combine(tf.multiply, steps)
    factor = first * second / output
    assert factor.dtype == np.float32
    products = (LEVELS[:, None] * LEVELS[None]).astype(np.float32)
    np.testing.assert_array_equal(found, np.rint(products * factor))


def test_a_constant_number_has_a_range_from_0():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for number, expected in ((3.0, (0, 3)), (-2.0, (-2, 0))):
            rounded = ranges.round_constant(tf.constant(number))
            assert rounded is not None
            assert session.run(tuple(rounded.range)) == expected
        assert ranges.round_constant(tf.constant([1.0])) is None
        assert ranges.round_constant(tf.abs(tf.constant(1.0))) is None


@pytest.mark.parametrize("step", [1 / 8, 0.117])
def test_layers_are_rounded_once_to_the_even_integer(step):
    """By a quarter, which puts many sums half between two integers, and by others."""
    random = np.random.default_rng(0)
    images, weights = (random.integers(-99, 99, shape) for shape in ([64, 9], [9, 50]))
    biases = random.integers(-999, 999, 50)
    inputs, kernel, output = Scale(0.5), Scale(1 / 16, 254), Scale(step)

    @tf.function(autograph=False)
    def layer(images: tf.Tensor, weights: tf.Tensor, biases: tf.Tensor) -> tf.Tensor:
        products = tf.linalg.matmul(images, weights)
        total = products + biases
        read = tf.identity(total)
        integer_kernels.add_up_integers(
            Ops([products.op, total.op, read.op]),
            products.op,
            total.op,
            inputs.read(),
            kernel.read(),
            output.read(),
            SETTINGS,
        )
        return read

    given = tf.constant(biases * (0.5 / 16), tf.float32)
    found = layer(inputs.hold(images), kernel.hold(weights), given)
    factor = np.float32(0.5) * np.float32(1 / 16) / np.float32(output.exact)
    sums = (images @ weights + biases).astype(np.float32)
    np.testing.assert_array_equal(output.count(found), np.rint(sums * factor))


@pytest.mark.parametrize(
    ("kind", "expected"), [("AvgPool", [-4, 0, 5]), ("Mean", [-4, 0, 4])]
)
def test_a_mean_half_between_two_integers_is_rounded_as_the_kernels_do(kind, expected):
    """LiteRT's take the one away from the integer 0 (AvgPool), or the even one."""
    within = Range(tf.constant(-12.8), tf.constant(12.7))
    means = tf.constant([-3.5, 0.3, 4.5]) / 10
    rounded = round_mean(means, kind, within, FakeQuantization())
    np.testing.assert_allclose(rounded * 10, expected, atol=1e-5)
