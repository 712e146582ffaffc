"""Grouped convolutions are dense ones whose kernels are zero between the groups."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.layers.computation import Computation, computing
from slimnets.layers.folding import Folding
from slimnets.layers.grouped_convolution import grouped_conv2d
from tests.layers import graphs

v1 = tf.compat.v1
IMAGES = graphs.images(2, 9, 8, 6)
OUTPUTS = 12


def layer(images, **options):
    defaults = {"kernel_size": 3, "groups": 3, "biases_initializer": None}
    return grouped_conv2d(
        images, OUTPUTS, scope="layer", **defaults | {"activation_fn": None} | options
    )


def weights_for(kernel_size=3, groups=3, **_):
    height, width = (kernel_size,) * 2 if kernel_size == 3 else kernel_size
    return graphs.images(height, width, 6 // groups, OUTPUTS)


def dense(kernel, groups):
    """Returns a kernel over all channels, zero where a filter sees none of them."""
    seen = np.kron(np.eye(groups), np.ones([6 // groups, OUTPUTS // groups]))
    return np.tile(kernel, [1, 1, groups, 1]) * seen


def by_definition(kernel_size=3, groups=3, stride=1, rate=1, padding="SAME"):
    """Returns outputs, and the gradients of the sum of their sines, in float64."""
    images = tf.constant(IMAGES, tf.float64)
    kernel = dense(weights_for(kernel_size, groups).astype(np.float64), groups)
    kernel = tf.constant(kernel)
    with tf.GradientTape() as tape:
        tape.watch([images, kernel])
        outputs = tf.nn.convolution(
            images, kernel, strides=stride, padding=padding, dilations=rate
        )
        total = tf.reduce_sum(tf.sin(outputs))
    of_images, of_kernel = tape.gradient(total, [images, kernel])
    blocks = [
        np.split(rows, groups, axis=3)[group]
        for group, rows in enumerate(np.split(of_kernel.numpy(), groups, axis=2))
    ]
    return outputs, of_images, np.concatenate(blocks, axis=3)


def in_a_graph(**options):
    with tf.Graph().as_default(), v1.Session() as session:
        images = tf.constant(IMAGES)
        outputs = layer(images, **options)
        (weights,) = v1.trainable_variables()
        gradients = tf.gradients(tf.sin(outputs), [images, weights])
        initial_value = weights.initializer.inputs[1]
        session.run(weights.initializer, {initial_value: weights_for(**options)})
        return session.run([outputs, *gradients])


def eagerly(wrap=lambda function: function, **options):
    weights = tf.Variable(weights_for(**options))

    def run(images):
        with (
            v1.variable_scope("", custom_getter=lambda *_, **__: weights),
            tf.GradientTape() as tape,
        ):
            tape.watch(images)
            outputs = layer(images, **options)
            total = tf.reduce_sum(tf.sin(outputs))
        return outputs, *tape.gradient(total, [images, weights])

    return wrap(run)(tf.constant(IMAGES))


def in_a_function(**options):
    return eagerly(tf.function, **options)


def assert_close(actual, expected):
    for mine, reference in zip(actual, expected, strict=True):
        scale = 1e-5 * np.abs(reference).max()
        np.testing.assert_allclose(mine, reference, rtol=0, atol=scale)


@pytest.mark.parametrize("run", [in_a_graph, in_a_function, eagerly])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"groups": 1},
        {"groups": 6},
        {"stride": 2},
        {"stride": 2, "padding": "VALID"},
        {"rate": 2},
        {"rate": (1, 2), "padding": "VALID"},
        {"kernel_size": (1, 3)},
    ],
)
def test_outputs_and_gradients(run, options):
    assert_close(run(**options), by_definition(**options))


def test_it_ends_as_conv2d_does():
    found = {}
    with tf.Graph().as_default():
        images = v1.placeholder(tf.float32, [None, None, None, 6])
        with slim.arg_scope([slim.grouped_conv2d], normalizer_fn=slim.batch_norm):
            slim.grouped_conv2d(images, 4, 3, 2, outputs_collections=found)
        slim.grouped_conv2d(images, 4, 3, 2, scope="here", outputs_collections=found)
        slim.grouped_conv2d(images, 4, 3, 2, scope="here", reuse=True)
        variables = {v.op.name: v.shape.as_list() for v in v1.global_variables()}
    assert [net.op.type for net in found.values()] == ["Relu", "Relu"]
    assert found["here"].shape.as_list() == [None, None, None, 4]
    assert {name: variables[name] for name in variables if "BatchNorm" not in name} == {
        "GroupedConv/weights": [3, 3, 3, 4],
        "here/weights": [3, 3, 3, 4],
        "here/biases": [4],
    }
    assert variables["GroupedConv/BatchNorm/moving_mean"] == [4]


def test_batch_norm_folds_into_it():
    made = {}

    def variable(getter, name, shape, **_):
        low = 0.5 if "variance" in name else -1.0
        if name not in made:
            made[name] = tf.Variable(tf.random.uniform(shape, low, 2), name=name)
        return made[name]

    def run():
        inference = {"is_training": False}
        with v1.variable_scope("", custom_getter=variable):
            return layer(
                IMAGES, normalizer_fn=slim.batch_norm, normalizer_params=inference
            )

    plain, folded = run(), Folding()
    with computing(Computation(folding=folded.start_call())):
        outputs = run()
    assert folded.count == 1
    assert_close([outputs], [plain])


@pytest.mark.parametrize(
    ("shape", "groups", "message"),
    [
        ([2, 9, 8, 6], 4, "4 groups do not divide 6 channels in and 12 out"),
        ([2, 9, 8, 15], 5, "5 groups do not divide 15 channels in and 12 out"),
        ([2, 9, 8, 6], 0, "0 groups do not divide"),
        ([2, 9, 6], 3, "rank 4, got 3"),
        ([2, 9, 8, None], 3, "undefined channels dimension"),
    ],
)
def test_errors(shape, groups, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        layer(v1.placeholder(tf.float32, shape), groups=groups)
