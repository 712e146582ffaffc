"""What a rule does with arrays, there and back."""

import numpy as np
import pytest

from slimnets.weights import rules
from slimnets.weights.rules import Kind, Layer, Weight

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("weight", "theirs", "ours"),
    [
        (Weight("kernel", "weights"), [3, 3, 4, 5], [3, 3, 4, 5]),
        (Weight("weight", "weights", (2, 3, 1, 0)), [5, 4, 3, 2], [3, 2, 4, 5]),
        (Weight("weight", "weights", (1, 0), matrix=True), [5, 12], [12, 5]),
    ],
    ids=["as it is", "transposed", "matrix"],
)
def test_shapes(weight, theirs, ours):
    array = RNG.standard_normal(theirs).astype(np.float32)
    converted = weight.to_ours(array)
    assert list(converted.shape) == ours
    np.testing.assert_array_equal(weight.to_theirs(converted), array)


def test_a_matrix_over_a_map_whose_channels_come_first():
    """PyTorch flattens [channels, height, width]."""
    image, matrix = RNG.standard_normal([4, 2, 3]), RNG.standard_normal([5, 24])
    weight = Weight(
        "weight", "weights", (2, 3, 1, 0), unfolded=(0, -1, 2, 3), folded=(0, -1)
    )
    kernel = weight.to_ours(matrix)
    assert kernel.shape == (2, 3, 4, 5)
    ours = np.einsum("chw,hwcd->d", image, kernel)
    np.testing.assert_allclose(ours, matrix @ image.ravel(), rtol=1e-5)
    np.testing.assert_array_equal(weight.to_theirs(kernel), np.float32(matrix))


def test_scale():
    weight = Weight("kernel", "weights", scale=0.5)
    np.testing.assert_array_equal(weight.to_ours(np.ones(2)), [0.5, 0.5])
    np.testing.assert_array_equal(weight.to_theirs(np.ones(2)), [2, 2])


def test_a_matrix_is_a_convolution_over_all_of_its_input():
    """Keras' and PyTorch's flattened maps run over height, then width, then depth."""
    image, kernel = RNG.standard_normal([2, 3, 4]), RNG.standard_normal([2, 3, 4, 5])
    matrix = kernel.reshape(24, 5)
    np.testing.assert_array_equal(rules.reshape_matrix(matrix, [2, 3, 4, 5]), kernel)
    dense = image.ravel() @ matrix
    np.testing.assert_allclose(np.einsum("hwc,hwcd->d", image, kernel), dense)
    weight = Weight("kernel", "weights", matrix=True)
    np.testing.assert_array_equal(weight.to_theirs(kernel), np.float32(matrix))


@pytest.mark.parametrize("shape", [[2, 3, 4, 6], [3, 3, 4, 5], [24, 5], [120]])
def test_other_arrays_remain_as_they_are(shape):
    matrix = np.zeros([24, 5])
    assert rules.reshape_matrix(matrix, shape) is matrix


CONV = Kind(
    (Weight("kernel", "weights"), Weight("bias", "BatchNorm/moving_mean")),
    bias_before_norm=True,
)
NORM = Kind((Weight("mean", "moving_mean"), Weight("beta", "beta")))
LAYERS = (Layer(CONV, "conv", "net/a"), Layer(NORM, "bn", "net/a/BatchNorm"))


def test_a_bias_before_batch_norm_moves_into_its_mean():
    kernel, bias, mean, beta = (RNG.standard_normal(3) for _ in range(4))
    values = rules.to_ours(
        zip(LAYERS, ([kernel, bias], [mean, beta]), strict=True),
    )
    expected = {
        "net/a/weights": kernel,
        "net/a/BatchNorm/moving_mean": np.float32(mean) - np.float32(bias),
        "net/a/BatchNorm/beta": beta,
    }
    assert values.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(values[name], np.float32(value), name)
    (_, conv), (_, norm) = rules.to_theirs(LAYERS, values)
    np.testing.assert_array_equal(conv[1], np.zeros(3))
    np.testing.assert_array_equal(norm[0], values["net/a/BatchNorm/moving_mean"])


FACTOR = Kind((Weight("weight", "gamma"), *NORM.weights), scale_in_kernel=True)


def test_a_factor_of_batch_norm_moves_into_the_kernel_and_the_mean():
    kernel, factor, mean, beta, pixel = RNG.standard_normal([5, 3]).astype(np.float32)
    layers = (
        Layer(Kind(CONV.weights[:1]), "conv", "net/a"),
        Layer(FACTOR, "bn", "net/a/BatchNorm"),
    )
    values = rules.to_ours(zip(layers, ([kernel], [factor, mean, beta]), strict=True))
    assert values.keys() == {
        "net/a/weights",
        "net/a/BatchNorm/moving_mean",
        "net/a/BatchNorm/beta",
    }
    ours = pixel * values["net/a/weights"] - values["net/a/BatchNorm/moving_mean"]
    np.testing.assert_allclose(ours, factor * (pixel * kernel - mean), rtol=1e-5)
    _, (_, norm) = rules.to_theirs(layers, values)
    np.testing.assert_array_equal(norm[0], np.ones(3))


def test_biases_that_the_other_library_has_not():
    kind = Kind((Weight("kernel", "weights"),), zeros=("biases",))
    layer = Layer(kind, "conv", "net/a")
    values = rules.to_ours([(layer, [np.ones([1, 1, 2, 3])])])
    np.testing.assert_array_equal(values["net/a/biases"], np.zeros(3))
    [(_, arrays)] = rules.to_theirs([layer], values)
    assert len(arrays) == 1


def test_layers_of_constants_are_theirs_alone():
    kind = Kind((), constants=(np.ones(3),))
    layers = [Layer(kind, "normalization", "net")]
    assert rules.to_ours([(layers[0], [np.zeros(3)])]) == {}
    [(_, arrays)] = rules.to_theirs(layers, {})
    np.testing.assert_array_equal(arrays[0], np.ones(3))
