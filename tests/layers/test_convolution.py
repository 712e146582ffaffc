"""Convolutions are tf_slim's: names, collections, numbers, gradients."""

import numpy as np
import pytest
import tensorflow as tf
import tf_slim

from slimnets import slim
from tests.layers import graphs

v1 = tf.compat.v1
IMAGES = graphs.images(2, 9, 8, 3)

pytestmark = graphs.peers


@pytest.mark.parametrize(
    ("kernel_size", "options"),
    [
        (3, {}),
        (1, {}),
        ([3, 5], {"padding": "VALID", "scope": "here"}),
        (3, {"stride": 2}),
        (4, {"stride": (2, 1), "padding": "valid"}),
        (3, {"rate": 2}),
        (3, {"rate": (1, 2), "padding": "VALID"}),
        (3, {"rate": 2, "activation_fn": None, "biases_initializer": None}),
        (3, {"activation_fn": None}),
        (3, {"activation_fn": tf.nn.tanh, "biases_initializer": None}),
        (3, {"activation_fn": None, "biases_initializer": None}),
        (3, {"normalizer_fn": tf.nn.softmax, "normalizer_params": {"axis": 3}}),
        (3, {"trainable": False}),
        (3, {"data_format": "NHWC"}),
    ],
)
def test_conv2d(kernel_size, options):
    graphs.compare("conv2d", IMAGES, 4, kernel_size, **options)


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
def test_conv2d_of_the_whole_image(padding):
    graphs.compare("conv2d", IMAGES, 4, (9, 8), padding=padding)
    pixels = IMAGES[:, :1, :1]
    graphs.compare(
        "conv2d", pixels, 4, 1, padding=padding, static_shape=[None, 1, 1, 3]
    )


@pytest.mark.parametrize(
    "options",
    [
        {"num_outputs": 4},
        {"num_outputs": 4, "depth_multiplier": 2},
        {"num_outputs": None, "depth_multiplier": 2},
        {"num_outputs": None, "kernel_size": [3, 5], "stride": 2},
        {"num_outputs": 4, "stride": 2, "padding": "VALID", "scope": "here"},
        {"num_outputs": 4, "rate": 2},
        {"num_outputs": 4, "stride": (2, 1)},
        {"num_outputs": None, "stride": [1, 2], "padding": "VALID"},
        {"num_outputs": 4, "stride": 2, "rate": 2},
        {"num_outputs": None, "stride": (2, 1), "rate": 2, "padding": "VALID"},
        {"num_outputs": 8 / 2, "padding": "same"},
        {"num_outputs": None, "rate": 2, "padding": "VALID"},
        {"num_outputs": 4, "activation_fn": None},
        {"num_outputs": 4, "activation_fn": None, "biases_initializer": None},
        {"num_outputs": None, "activation_fn": None, "biases_initializer": None},
        {"num_outputs": 4, "normalizer_fn": tf.nn.softmax},
        {"num_outputs": None, "normalizer_fn": tf.nn.softmax},
        {"num_outputs": 4, "trainable": False},
    ],
)
@pytest.mark.filterwarnings("ignore:When dilation rate:UserWarning")  # TensorFlow's
def test_separable_conv2d(options):
    graphs.require_strides(options.get("stride", 1))
    graphs.compare("separable_conv2d", IMAGES, **{"kernel_size": 3, **options})


LAYERS = [("conv2d", 4), ("separable_conv2d", 4), ("separable_conv2d", None)]


@pytest.mark.parametrize(("layer", "num_outputs"), LAYERS)
def test_regularizers(layer, num_outputs):
    ours = graphs.compare(
        layer,
        IMAGES,
        num_outputs,
        3,
        weights_regularizer=slim.l2_regularizer(0.1),
        biases_regularizer=slim.l1_regularizer(0.2),
    )
    assert len(ours.regularization) == len(ours.variables)
    assert min(ours.regularization) > 0


@pytest.mark.parametrize(("layer", "num_outputs"), LAYERS)
@pytest.mark.parametrize(
    "collections", [["a", "b"], {"weights": ["a"], "biases": ["b"]}, {"biases": ["b"]}]
)
def test_collections(layer, num_outputs, collections):
    ours = graphs.compare(
        layer,
        IMAGES,
        num_outputs,
        3,
        variables_collections=collections,
        outputs_collections=["outputs", "more"],
    )
    assert ours.collections["b"][-1].endswith("/biases:0")
    assert ours.collections["outputs"] == ours.collections["more"]


@pytest.mark.parametrize("layer", ["conv2d", "separable_conv2d"])
@pytest.mark.parametrize("static_shape", [[None, 9, 8, 3], [None, None, None, 3]])
def test_unknown_sizes(layer, static_shape):
    options = {"stride": 2, "padding": "VALID", "static_shape": static_shape}
    graphs.compare(layer, IMAGES, 4, 3, **options)


@pytest.mark.parametrize(("layer", "num_outputs"), LAYERS)
@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": "VALID"}])
def test_channels_first_shapes(layer, num_outputs, options):
    # Not run: TensorFlow convolves channels first on accelerators alone.
    built = []
    for library in (slim, tf_slim):
        with tf.Graph().as_default():
            images = v1.placeholder(tf.float32, [None, 3, 9, 8])
            net = getattr(library, layer)(
                images, num_outputs, 3, data_format="NCHW", **options
            )
            variables = [(v.op.name, v.shape) for v in v1.global_variables()]
            built.append((net.shape.as_list(), net.op.name, variables))
    assert built[0] == built[1]


def test_pointwise_regularizer_is_the_pointwise_weights_own():
    with tf.Graph().as_default(), v1.Session() as session:
        slim.separable_conv2d(
            tf.constant(IMAGES),
            4,
            3,
            weights_regularizer=slim.l2_regularizer(1.0),
            pointwise_regularizer=slim.l1_regularizer(1.0),
        )
        session.run(v1.global_variables_initializer())
        depthwise, pointwise, _ = session.run(v1.global_variables())
        losses = session.run(v1.losses.get_regularization_losses())
    expected = [np.square(depthwise).sum() / 2, np.abs(pointwise).sum()]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


def test_depthwise_weights_alone_can_go_unregularized():
    with tf.Graph().as_default():
        slim.separable_conv2d(
            tf.constant(IMAGES), 4, 3, pointwise_regularizer=slim.l1_regularizer(1.0)
        )
        (loss,) = v1.losses.get_regularization_losses()
        assert "pointwise_kernel" in loss.op.name


def test_pointwise_initializer():
    with tf.Graph().as_default(), v1.Session() as session:
        slim.separable_conv2d(
            tf.constant(IMAGES),
            4,
            3,
            weights_initializer=tf.ones_initializer(),
            pointwise_initializer=tf.zeros_initializer(),
        )
        session.run(v1.global_variables_initializer())
        depthwise, pointwise, _ = session.run(v1.global_variables())
    assert (depthwise == 1).all()
    assert (pointwise == 0).all()


@pytest.mark.parametrize(("layer", "num_outputs"), LAYERS)
def test_reuse(layer, num_outputs):
    layer = getattr(slim, layer)
    with tf.Graph().as_default(), v1.Session() as session:
        first = layer(tf.constant(IMAGES), num_outputs, 3, scope="a")
        variables = v1.global_variables()
        again = layer(tf.constant(IMAGES), num_outputs, 3, scope="a", reuse=True)
        other = layer(tf.constant(IMAGES), num_outputs, 3, scope="b")
        assert v1.global_variables()[: len(variables)] == variables
        assert len(v1.global_variables()) == 2 * len(variables)
        graphs.initialize(session)
        first, again, other = session.run([first, again, other])
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


@pytest.mark.parametrize("layer", ["conv2d", "separable_conv2d"])
@pytest.mark.parametrize("opened", [slim, tf_slim])
@pytest.mark.parametrize("called", [slim, tf_slim])
def test_scopes_over_either_layer_reach_both(layer, opened, called):
    with tf.Graph().as_default():
        over = [getattr(opened, layer)]
        with slim.arg_scope(over, activation_fn=None, stride=2):
            net = getattr(called, layer)(tf.constant(IMAGES), 4, 3)
    assert net.op.type == "BiasAdd"
    assert net.shape == [2, 5, 4, 4]


@pytest.mark.parametrize("layer", ["conv2d", "separable_conv2d"])
@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ([2, 9, 8, 3], {"num_outputs": 2.5}, "must be a whole number, not 2.5"),
        ([2, 9, 8, 3], {"padding": "FULL"}, "SAME or VALID, not 'FULL'"),
        ([2, 9, 3], {}, "rank 4, got 3"),
        ([2, 9, 8, None], {}, "undefined channels dimension"),
        ([2, 9, 8, 3], {"data_format": "NWC"}, "NCHW or NHWC"),
    ],
)
def test_errors(layer, shape, options, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        inputs = v1.placeholder(tf.float32, shape)
        getattr(slim, layer)(inputs, **{"num_outputs": 4, "kernel_size": 3, **options})


def test_a_stride_and_a_rate_exclude_each_other():
    with tf.Graph().as_default(), pytest.raises(ValueError, match="not both exceed 1"):
        slim.conv2d(tf.constant(IMAGES), 4, 3, stride=2, rate=2)


def test_half_precision():
    with tf.Graph().as_default(), v1.Session() as session:
        net = slim.conv2d(tf.constant(IMAGES, tf.float16), 4, 3)
        session.run(v1.global_variables_initializer())
        assert session.run(net).dtype == np.float16


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
@pytest.mark.parametrize(
    "layer",
    [
        lambda x: slim.conv2d(x, 4, 3, stride=2),
        lambda x: slim.conv2d(x, 4, 1),
        lambda x: slim.conv2d(x, 4, (9, 8), padding="VALID"),
        lambda x: slim.separable_conv2d(x, 4, 3, depth_multiplier=2),
        lambda x: slim.separable_conv2d(x, None, 3, rate=2),
        lambda x: slim.fully_connected(slim.flatten(x), 4),
    ],
    ids=["3x3", "1x1", "whole", "separable", "depthwise", "dense"],
)
def test_16_bits_in_and_out(layer, dtype):
    stored = tf.float32 if dtype == tf.bfloat16 else dtype
    outcomes = []
    for images, kept in (
        (tf.constant(IMAGES), tf.float32),
        (tf.cast(IMAGES, dtype), stored),
    ):
        with tf.Graph().as_default(), v1.Session() as session:
            outputs = layer(tf.constant(images.numpy()))
            assert outputs.dtype == images.dtype
            variables = v1.trainable_variables()
            assert {v.dtype.base_dtype for v in variables} == {kept}
            gradients = tf.gradients(outputs, variables)
            rng = np.random.default_rng(1)
            for variable in variables:
                variable.load(rng.normal(size=variable.shape), session)
            outcomes.append(session.run([outputs, *gradients]))
    for full, half in zip(*outcomes, strict=True):
        error = np.abs(np.float32(half) - full).max()
        # Some of TensorFlow's kernels add up in 16 bits, too.
        assert error < 0.04 * np.abs(full).max()
