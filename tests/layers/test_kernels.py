"""Each way of computing a convolution has TensorFlow's values and gradients."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import hardware, slim
from slimnets.layers import folding, kernels

RNG = np.random.default_rng(0)


def _outcome(convolve, sources, trained=True):
    """Returns outputs and gradients, of random upstream ones.

    Args:
      convolve: `f(images, weights)`.
      sources: images and weights.
      trained: whether the weights are; else there are gradients of the images alone.
    """
    watched = sources if trained else sources[:1]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        outputs = convolve(*sources)
    upstream = np.random.default_rng(1).normal(size=outputs.shape)
    gradients = tape.gradient(outputs, watched, tf.constant(upstream, outputs.dtype))
    return [outputs, *gradients]


def _same(ours, theirs, rtol):
    for our, their in zip(ours, theirs, strict=True):
        assert our.dtype == their.dtype
        their = their.numpy()
        np.testing.assert_allclose(our, their, rtol=0, atol=rtol * abs(their).max())


def _tensors(images, weights, dtype=tf.float64):
    shapes = images, weights
    return [tf.constant(RNG.normal(size=shape), dtype) for shape in shapes]


@pytest.mark.parametrize("trained", [True, False])
def test_mixing_channels_has_the_gradients_of_a_convolution(trained):
    sources = _tensors([2, 5, 4, 3], [1, 1, 3, 6])
    expected = _outcome(lambda x, w: tf.nn.conv2d(x, w, 1, "VALID"), sources, trained)
    _same(_outcome(kernels.mix_channels, sources, trained), expected, 1e-12)


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [
        ((3, 3), (1, 1), "SAME"),
        ((3, 3), (2, 2), "SAME"),
        ((5, 2), (2, 1), "VALID"),
        ((1, 7), (1, 1), "SAME"),
    ],
)
def test_training_has_the_gradients_of_a_convolution(
    kernel, stride, padding, dtype, trained
):
    sources = _tensors([2, 9, 11, 8], [*kernel, 8, 5], dtype)
    expected = _outcome(
        lambda x, w: tf.nn.conv2d(x, w, stride, padding), sources, trained
    )
    ours = _outcome(
        lambda x, w: kernels.convolve_for_training(x, w, stride, padding),
        sources,
        trained,
    )
    _same(ours, expected, 1e-12 if dtype == tf.float64 else 2e-6)


def test_second_gradients():
    sources = _tensors([2, 5, 4, 8], [3, 3, 8, 6])

    def slope(convolve):
        def first(x, w):
            with tf.GradientTape() as tape:
                tape.watch(w)
                outputs = tf.reduce_sum(convolve(x, w) ** 2)
            return tape.gradient(outputs, w)

        return first

    ours = slope(lambda x, w: kernels.convolve_for_training(x, w, (1, 1), "SAME"))
    theirs = slope(lambda x, w: tf.nn.conv2d(x, w, 1, "SAME"))
    _same(_outcome(ours, sources), _outcome(theirs, sources), 1e-12)


@pytest.fixture
def onednn_on_avx2(monkeypatch):
    """A machine where XLA's gradient of the weights is the faster one."""
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    monkeypatch.setattr(hardware, "instructions", lambda: frozenset({"avx2"}))


def _compiled(channels=8, size=3, dtype=tf.float32) -> bool:
    """Whether a layer's gradient is compiled."""
    weights = tf.ones([size, size, channels, 4], dtype)

    @tf.function(autograph=False)
    def gradient(images):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            outputs = kernels.convolve(images, weights)
        return tape.gradient(outputs, weights)

    spec = tf.TensorSpec([None, 6, 6, channels], dtype)
    ops = gradient.get_concrete_function(spec).graph.get_operations()
    return any("PartitionedCall" in op.type for op in ops)


def test_where_the_gradient_is_compiled(onednn_on_avx2):
    assert _compiled()
    assert not _compiled(channels=3)
    assert not _compiled(size=1)
    assert not _compiled(dtype=tf.float64)
    with folding.Folding().active():
        assert not _compiled()


@pytest.mark.parametrize(
    ("onednn", "instructions"),
    [("0", {"avx2"}), ("1", {"avx2", "avx512f"}), ("1", set())],
)
def test_other_machines_compile_nothing(onednn, instructions, monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", onednn)
    monkeypatch.setattr(hardware, "instructions", lambda: frozenset(instructions))
    assert not _compiled()


def test_graphs_of_version_1_compile_nothing(onednn_on_avx2):
    with tf.Graph().as_default() as graph:
        outputs = slim.conv2d(tf.ones([2, 6, 6, 8]), 4, 3)
        tf.gradients(outputs, tf.compat.v1.trainable_variables())
    types = {op.type for op in graph.get_operations()}
    assert "Conv2DBackpropFilter" in types
    assert "PartitionedCall" not in types


def test_replicas_compile_too(onednn_on_avx2):
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    images, values = _tensors([2, 5, 4, 8], [3, 3, 8, 6], tf.float32)
    with strategy.scope():
        weights = tf.Variable(values)

    @tf.function(autograph=False)
    def gradients():
        def one():
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(kernels.convolve(images, weights) ** 2)
            return tape.gradient(loss, weights)

        return strategy.reduce("SUM", strategy.run(one), axis=None)

    with tf.GradientTape() as tape:
        tape.watch(values)
        loss = 2 * tf.reduce_sum(tf.nn.conv2d(images, values, 1, "SAME") ** 2)
    _same([gradients()], [tape.gradient(loss, values)], 2e-6)


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_gradients_of_biases_are_summed_in_float32(data_format):
    pixels = tf.ones([4, 64, 64, 1] if data_format == "NHWC" else [4, 1, 64, 64])
    biases = tf.zeros([1])
    with tf.GradientTape() as tape:
        tape.watch(biases)
        outputs = kernels.add_biases(tf.cast(pixels, tf.bfloat16), biases, data_format)
    gradient = tape.gradient(outputs, biases)
    assert gradient.dtype == tf.float32
    assert gradient.numpy() == [4 * 64 * 64]


def test_a_layer_sums_the_gradients_of_its_biases_in_float32():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        pixels = tf.ones([4, 64, 64, 1], tf.bfloat16)
        outputs = slim.conv2d(pixels, 1, 1, activation_fn=None, scope="layer")
        biases = tf.compat.v1.trainable_variables("layer/biases")
        [gradient] = tf.gradients(outputs, biases)
        assert gradient.dtype == tf.float32
        session.run(tf.compat.v1.global_variables_initializer())
        assert session.run(gradient) == [4 * 64 * 64]
