"""What is folded, what is not, and that both give the same numbers."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.layers.computation import Computation, computing
from slimnets.layers.folding import Folding
from tests.filled import Variables
from tests.goldens import fill


def plain_and_folded(layers: Callable, images: np.ndarray):
    """Returns what layers give without and with folding, and the folding."""
    variables, folding = Variables(), Folding()

    def run():
        with tf.compat.v1.variable_scope(
            "net", reuse=tf.compat.v1.AUTO_REUSE, custom_getter=variables.get
        ):
            return layers(tf.constant(images))

    plain = run()
    with computing(Computation(folding=folding.start_call())):
        return plain, run(), folding


def assert_same(actual, expected):
    tf.nest.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, 0, 1e-5 * np.abs(b).max()),
        actual,
        expected,
    )


def norm(net: tf.Tensor, **arguments) -> tf.Tensor:
    return slim.batch_norm(net, is_training=False, **arguments)


IMAGES = fill.images(2, 6, 5, 4)
NORMALIZED = {
    "normalizer_fn": slim.batch_norm,
    "normalizer_params": {"is_training": False, "scale": True},
}


@pytest.mark.parametrize(
    "layers",
    [
        lambda net: slim.conv2d(net, 3, 3, stride=2, **NORMALIZED),
        lambda net: slim.conv2d(net, 3, 3, rate=2, **NORMALIZED),
        lambda net: slim.conv2d(net, 3, (6, 5), padding="VALID", **NORMALIZED),
        lambda net: slim.separable_conv2d(net, None, 3, 2, **NORMALIZED),
        lambda net: slim.separable_conv2d(net, 3, 3, 2, **NORMALIZED),
        lambda net: slim.grouped_conv2d(net, 6, 3, groups=2, **NORMALIZED),
        lambda net: slim.conv1d(net[0], 3, 3, stride=2, **NORMALIZED),
        lambda net: slim.conv3d(net[None], 3, 2, **NORMALIZED),
        lambda net: slim.convolution(net, 3, 3, padding="VALID", **NORMALIZED),
        lambda net: slim.fully_connected(slim.flatten(net), 3, **NORMALIZED),
        lambda net: slim.fully_connected(net, 3, **NORMALIZED),
        lambda net: norm(linear(net)),
    ],
    ids=[
        "strided",
        "dilated",
        "whole extent",
        "depthwise",
        "separable",
        "grouped",
        "one axis",
        "three axes",
        "any axes",
        "product",
        "product of rank 4",
        "separate calls",
    ],
)
def test_linear_layers_are_folded(layers):
    plain, folded, folding = plain_and_folded(layers, IMAGES)
    assert folding.count == 1
    assert_same(folded, plain)


@pytest.mark.parametrize(
    "arguments",
    [
        {"scale": True},
        {"center": False},
        {"epsilon": 1e-9},
        {"fused": False, "epsilon": 1e-9},
        {"activation_fn": tf.nn.relu},
    ],
)
def test_any_kind_of_batch_norm(arguments):
    def layers(net):
        return norm(linear(net), **arguments)

    plain, folded, folding = plain_and_folded(layers, IMAGES)
    assert folding.count == 1
    assert_same(folded, plain)


def linear(net: tf.Tensor, scope: str = "conv") -> tf.Tensor:
    return slim.conv2d(
        net, 4, 3, activation_fn=None, biases_initializer=None, scope=scope
    )


@pytest.mark.parametrize(
    "layers",
    [
        norm,
        lambda net: norm(slim.conv2d(net, 4, 3)),
        lambda net: norm(linear(net) + net),
        lambda net: norm(tf.concat([linear(net), net], axis=-1)),
        lambda net: slim.batch_norm(linear(net), is_training=True),
        lambda net: slim.conv2d_transpose(net, 3, 3, stride=2, **NORMALIZED),
    ],
    ids=[
        "first",
        "bias and activation",
        "addition",
        "concatenation",
        "training",
        "transposed",
    ],
)
def test_other_batch_norms_stay(layers):
    plain, folded, folding = plain_and_folded(layers, IMAGES)
    assert folding.count == 0
    assert_same(folded, plain)


def test_what_else_uses_the_convolution_gets_it_as_it_is():
    def layers(net):
        net = linear(net)
        return net, norm(net, scope="one"), norm(net, scope="two") + net

    plain, folded, folding = plain_and_folded(layers, IMAGES)
    assert folding.count == 2
    assert_same(folded, plain)


def test_layers_that_share_their_variables_share_what_is_folded():
    def layers(net):
        for _ in range(2):
            net = norm(linear(net, "shared"), scope="norm")
        return net

    plain, folded, folding = plain_and_folded(layers, IMAGES)
    assert folding.count == 1
    assert_same(folded, plain)


def test_no_folding_outside():
    folding = Folding()
    with computing(Computation(folding=folding.start_call())):
        pass
    variables = Variables()
    with tf.compat.v1.variable_scope("", custom_getter=variables.get):
        norm(linear(tf.constant(IMAGES)))
    assert folding.count == 0
