"""Batch norm by XLA: TensorFlow's values, and gradients as float64 has them."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.layers import compiled_normalization
from slimnets.layers.computation import Computation, computing
from slimnets.model import Model

SHAPE = (3, 4, 5, 6)
ACTIVATIONS = [tf.nn.relu, tf.nn.relu6]
EPSILON = 1e-3


def draw(shape, seed, mean=0.0):
    return np.random.default_rng(seed).normal(mean, 2.0, shape).astype(np.float32)


IMAGES, UPSTREAM = draw(SHAPE, 0, mean=30.0), draw(SHAPE, 1)
SCALE, OFFSET = draw(6, 2), draw(6, 3, mean=1.0)


def compute_exactly(activation):
    """Returns outputs and gradients in float64."""
    values = [tf.constant(v, tf.float64) for v in (IMAGES, SCALE, OFFSET)]
    with tf.GradientTape() as tape:
        tape.watch(values)
        mean, variance = tf.nn.moments(values[0], [0, 1, 2])
        outputs = tf.nn.batch_normalization(
            values[0], mean, variance, values[2], values[1], EPSILON
        )
        outputs = activation(outputs)
    gradients = tape.gradient(outputs, values, tf.constant(UPSTREAM, tf.float64))
    count = np.prod(SHAPE[:3])
    return [outputs, mean, variance * (count / (count - 1)), *gradients]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_values_and_gradients_are_those_of_float64(activation):
    values = [tf.constant(v) for v in (IMAGES, SCALE, OFFSET)]
    with tf.GradientTape() as tape:
        tape.watch(values)
        found = compiled_normalization.normalize(*values, EPSILON, activation)
    gradients = tape.gradient(found.outputs, values, tf.constant(UPSTREAM))
    expected = compute_exactly(activation)
    for actual, exact in zip([*found, *gradients], expected, strict=True):
        scale = np.abs(exact).max()
        np.testing.assert_allclose(actual, exact, rtol=0, atol=2e-5 * scale)


def test_other_activations_are_left_to_tensorflow():
    assert not compiled_normalization.can_activate(tf.nn.swish)


def run_network(way):
    """Returns a small network's outputs, gradients and moving averages."""
    collected: dict[str, tf.Tensor] = {}

    def network(images, num_classes=None, is_training=True):
        with slim.arg_scope([slim.batch_norm], is_training=is_training, scale=True):
            net = slim.conv2d(
                images, 4, 3, activation_fn=tf.nn.relu6, normalizer_fn=slim.batch_norm
            )
            net = slim.separable_conv2d(
                net, None, 3, activation_fn=None, normalizer_fn=slim.batch_norm
            )
            net = slim.conv2d(
                net,
                4,
                1,
                normalizer_fn=slim.batch_norm,
                normalizer_params={"outputs_collections": collected},
            )
            net = slim.batch_norm(net, activation_fn=tf.nn.relu)
        logits = slim.fully_connected(
            tf.reduce_mean(net, [1, 2]), 5, activation_fn=None
        )
        return logits, {"norm": next(iter(collected.values()))}

    tf.random.set_seed(1)
    model = Model(network, 5, is_training=True, image_size=8)
    for index, variable in enumerate(model.variables_by_name.values()):
        if "moving" not in variable.name:
            variable.assign(draw(variable.shape, index))
    images = tf.constant(draw((2, 8, 8, 3), 9))

    @tf.function(autograph=False)
    def run():
        with tf.GradientTape() as tape, computing(way):
            outputs, ends = model(images, is_training=True)
            loss = tf.reduce_sum(outputs**2)
        return (
            outputs,
            ends["norm"],
            *tape.gradient(loss, list(model.trainable_by_name.values())),
        )

    graph = run.get_concrete_function().graph
    kinds = [op.type for op in graph.get_operations()]
    moving = [v for n, v in model.variables_by_name.items() if "moving" in n]
    return [*run(), *moving], kinds


def test_a_network_computes_the_same_and_takes_it_where_it_can():
    plain, kinds = run_network(Computation())
    compiled, compiled_kinds = run_network(Computation(compiled_batch_norm=True))
    assert kinds.count("FusedBatchNormV3") == 4
    # The one without an activation, and the one whose own outputs a scope collects.
    assert compiled_kinds.count("FusedBatchNormV3") == 2
    assert compiled_kinds.count("Relu") == 1
    assert "Relu6" not in compiled_kinds
    # Some gradients are nothing but rounding: a batch norm follows that takes them off.
    largest = max(np.abs(value).max() for value in plain)
    for actual, expected in zip(compiled, plain, strict=True):
        close = 1e-4 * np.abs(expected).max() + 1e-6 * largest
        np.testing.assert_allclose(actual, expected, rtol=0, atol=close)


def test_frozen_batch_norm_stays_as_it_is():
    way = Computation(compiled_batch_norm=True, frozen_batch_norm=True)
    _, kinds = run_network(way)
    assert "Relu6" in kinds
    assert kinds.count("FusedBatchNormV3") == 4
