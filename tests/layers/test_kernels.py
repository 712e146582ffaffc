"""Each way of computing a convolution has TensorFlow's values and gradients."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.layers import kernels
from slimnets.layers.computation import Computation, computing

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
    _same(_outcome(kernels.convolve_pointwise, sources, trained), expected, 1e-12)


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
        lambda x, w: kernels.convolve_with_compiled_gradient(x, w, stride, padding),
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

    ours = slope(
        lambda x, w: kernels.convolve_with_compiled_gradient(x, w, (1, 1), "SAME")
    )
    theirs = slope(lambda x, w: tf.nn.conv2d(x, w, 1, "SAME"))
    _same(_outcome(ours, sources), _outcome(theirs, sources), 1e-12)


COMPILED = Computation(compiled_filter_gradients=True)
POINTWISE = Computation(pointwise_filter_gradients_as_products=True)
WHOLE = Computation(whole_extents_as_products=True)


def _types(
    computation, images, weights, stride=(1, 1), padding="SAME", rate=(1, 1)
) -> set[str]:
    """Returns the types of the ops of a convolution and its weights' gradient.

    Args:
      computation: in which to convolve.
      images: shape without the batch.
      weights: shape.
      stride: as the kernel's.
      padding: as the kernel's.
      rate: as the kernel's.
    """
    filters = tf.ones(weights)

    @tf.function(autograph=False)
    def gradient(images):
        with tf.GradientTape() as tape, computing(computation):
            tape.watch(filters)
            outputs = kernels.convolve(images, filters, stride, padding, rate=rate)
        return tape.gradient(outputs, filters)

    spec = tf.TensorSpec([None, *images])
    ops = gradient.get_concrete_function(spec).graph.get_operations()
    return {op.type for op in ops}


@pytest.mark.parametrize(
    ("computation", "arguments", "op"),
    [
        (COMPILED, {}, "PartitionedCall"),
        (COMPILED, {"stride": (2, 2)}, "PartitionedCall"),
        (COMPILED, {"images": (6, 6, 3), "weights": (3, 3, 3, 4)}, None),
        (COMPILED, {"weights": (1, 1, 8, 4)}, None),
        (COMPILED, {"rate": (2, 2)}, None),
        (POINTWISE, {"weights": (1, 1, 8, 4)}, "MatMul"),
        (POINTWISE, {"weights": (1, 1, 8, 4), "stride": (2, 2)}, None),
        (POINTWISE, {}, None),
        (WHOLE, {"weights": (6, 6, 8, 4), "padding": "VALID"}, "MatMul"),
        (WHOLE, {"weights": (6, 6, 8, 4)}, None),
        (WHOLE, {"images": (1, 1, 8), "weights": (1, 1, 8, 4)}, "MatMul"),
        (WHOLE, {"weights": (6, 5, 8, 4), "padding": "VALID"}, None),
        (Computation(), {}, None),
        (Computation(), {"weights": (1, 1, 8, 4)}, None),
        (Computation(), {"weights": (6, 6, 8, 4), "padding": "VALID"}, None),
    ],
)
def test_which_shapes_take_another_way_than_the_plain_one(computation, arguments, op):
    types = _types(
        computation, **{"images": (6, 6, 8), "weights": (3, 3, 8, 4)} | arguments
    )
    others = {"PartitionedCall", "StatefulPartitionedCall", "MatMul"}
    found = {each.removeprefix("Stateful") for each in types & others}
    assert found == ({op} if op else set())
    assert ("Conv2DBackpropFilter" in types) == (op is None)


@pytest.mark.parametrize("chosen", [True, False])
def test_depthwise_in_float32(chosen):
    @tf.function(autograph=False)
    def convolve(images):
        with computing(Computation(depthwise_in_float32=chosen)):
            return kernels.convolve_depthwise(
                images, tf.ones([3, 3, 8, 1]), (1, 1), "SAME", "NHWC", (1, 1)
            )

    spec = tf.TensorSpec([None, 6, 6, 8], tf.bfloat16)
    function = convolve.get_concrete_function(spec)
    [op] = [
        op
        for op in function.graph.get_operations()
        if op.type == "DepthwiseConv2dNative"
    ]
    assert op.outputs[0].dtype == (tf.float32 if chosen else tf.bfloat16)
    assert function.output_dtypes == tf.bfloat16


def test_graphs_of_version_1_are_plain():
    with tf.Graph().as_default() as graph:
        net = slim.conv2d(tf.ones([2, 6, 6, 8]), 4, 3, scope="first")
        slim.conv2d(net, 4, 6, padding="VALID", scope="second")
        tf.gradients(net, tf.compat.v1.trainable_variables())
    ops = {op.name: op.type for op in graph.get_operations()}
    assert ops["first/Conv2D"] == ops["second/Conv2D"] == "Conv2D"
    assert "Conv2DBackpropFilter" in ops.values()
    assert not {"PartitionedCall", "StatefulPartitionedCall"} & set(ops.values())


def test_replicas_compile_too():
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    images, values = _tensors([2, 5, 4, 8], [3, 3, 8, 6], tf.float32)
    with strategy.scope():
        weights = tf.Variable(values)

    @tf.function(autograph=False)
    def gradients():
        def one():
            with tf.GradientTape() as tape, computing(COMPILED):
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


@pytest.mark.parametrize("rate", [(1, 1), (2, 2)])
def test_depthwise_gradients_alone_in_float32(rate):
    images, weights = _tensors([2, 6, 6, 3], [3, 3, 3, 1], tf.bfloat16)

    def convolve(images, weights):
        return kernels.convolve_depthwise(images, weights, (1, 1), "SAME", "NHWC", rate)

    with computing(Computation(depthwise_gradients_in_float32=True)):
        found = _outcome(convolve, [images, weights])
    plain = convolve(images, weights)
    exact = [tf.cast(value, tf.float64) for value in (images, weights)]
    expected = _outcome(convolve, exact)
    assert all(value.dtype == tf.bfloat16 for value in found)
    np.testing.assert_array_equal(found[0], plain)
    for actual, exact in zip(found[1:], expected[1:], strict=True):
        exact = exact.numpy()
        # What is left is the rounding of upstream gradients and of the result.
        np.testing.assert_allclose(
            tf.cast(actual, tf.float64), exact, rtol=0, atol=0.02 * abs(exact).max()
        )


def test_relu6_is_compiled_in_16_bits_alone():
    values = tf.constant([-1.0, 0.0, 2.5, 6.0, 7.0])
    way = Computation(compiled_activations=True)
    for dtype, compiles in ((tf.bfloat16, True), (tf.float32, False)):
        inputs = tf.cast(values, dtype)
        with tf.GradientTape() as tape, computing(way):
            tape.watch(inputs)
            outputs = kernels.activate(inputs, tf.nn.relu6)
        gradient = tape.gradient(outputs, inputs, tf.cast([1, 2, 3, 4, 5], dtype))
        np.testing.assert_array_equal(outputs, [0, 0, 2.5, 6, 6])
        np.testing.assert_array_equal(gradient, [0, 0, 3, 0, 0])

        @tf.function(autograph=False)
        def run(inputs):
            with computing(way):
                return kernels.activate(inputs, tf.nn.relu6)

        graph = run.get_concrete_function(inputs).graph
        kinds = {op.type for op in graph.get_operations()}
        assert ("Relu6" not in kinds) == compiles
