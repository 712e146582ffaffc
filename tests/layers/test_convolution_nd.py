"""Convolutions in one to three axes, and their transposes, are tf_slim's."""

import numpy as np
import pytest
import tensorflow as tf
import tf_slim

from slimnets import slim
from tests import filled
from tests.layers import graphs

v1 = tf.compat.v1
INPUTS = {
    1: graphs.images(2, 7, 3),
    2: graphs.images(2, 5, 6, 3),
    3: graphs.images(2, 4, 5, 3, 2),
}
AXES = {
    "conv1d": 1,
    "conv3d": 3,
    "conv2d_in_plane": 2,
    "conv2d_transpose": 2,
    "conv3d_transpose": 3,
}
REGULARIZED = {
    "weights_regularizer": slim.l2_regularizer(0.1),
    "biases_regularizer": slim.l1_regularizer(0.2),
}

pytestmark = graphs.peers


def arguments(layer, kernel_size=3):
    return (kernel_size,) if layer == "conv2d_in_plane" else (4, kernel_size)


@pytest.mark.parametrize("layer", AXES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2, "padding": "VALID"},
        {"stride": 2, "scope": "here", "activation_fn": tf.nn.tanh},
        {"biases_initializer": None},
        {"normalizer_fn": tf.nn.softmax, "normalizer_params": {"axis": -1}},
        {"trainable": False},
        {"variables_collections": {"weights": ["a"]}, "outputs_collections": ["b"]},
        REGULARIZED,
    ],
)
def test_layers(layer, options):
    graphs.compare(layer, INPUTS[AXES[layer]], *arguments(layer), **options)


@pytest.mark.parametrize("axes", INPUTS)
@pytest.mark.parametrize("options", [{"rate": 2}, {"stride": 2}, REGULARIZED])
def test_convolution_of_any_rank(axes, options):
    graphs.compare("convolution", INPUTS[axes], 4, 3, **options)


@pytest.mark.parametrize("layer", ["conv1d", "conv3d"])
def test_rates(layer):
    graphs.compare(layer, INPUTS[AXES[layer]], 4, 2, rate=2, padding="VALID")


@pytest.mark.parametrize(
    ("layer", "sizes", "stride"),
    [
        ("conv1d", [2], [2]),
        ("conv3d", [1, 2, 3], (1, 2, 1)),
        ("conv2d_in_plane", [1, 3], [1, 2]),
        ("conv2d_transpose", [2, 3], [2, 1]),
        ("conv3d_transpose", [2, 1, 3], (2, 1, 3)),
    ],
)
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_a_size_and_a_stride_for_each_axis(layer, sizes, stride, padding):
    inputs = INPUTS[AXES[layer]]
    if layer == "conv2d_in_plane":
        graphs.require_strides(stride)
    graphs.compare(
        layer, inputs, *arguments(layer, sizes), stride=stride, padding=padding
    )


@pytest.mark.parametrize("layer", AXES)
def test_sizes_known_at_the_run_alone(layer):
    inputs = INPUTS[AXES[layer]]
    shape = [None] * (inputs.ndim - 1) + [inputs.shape[-1]]
    graphs.compare(layer, inputs, *arguments(layer), stride=2, static_shape=shape)


@pytest.mark.parametrize("layer", ["conv2d_transpose", "conv3d_transpose"])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_a_stride_beyond_the_kernel(layer, padding):
    graphs.compare(layer, INPUTS[AXES[layer]], 4, 2, stride=3, padding=padding)


@pytest.mark.parametrize(
    ("layer", "data_format"),
    [
        ("conv1d", "NCW"),
        ("conv2d_transpose", "NCHW"),
        ("conv3d", "NCDHW"),
        ("conv3d_transpose", "NCDHW"),
    ],
)
def test_channels_first_have_the_shapes_and_variables_of_channels_last(
    layer, data_format
):
    inputs, made = INPUTS[AXES[layer]], []
    for layout in (None, data_format):
        with tf.Graph().as_default():
            images = tf.constant(inputs if layout is None else channels_first(inputs))
            options = {} if layout is None else {"data_format": layout}
            net = getattr(slim, layer)(images, 4, 3, stride=2, **options)
            shape = net.shape.as_list()
            if layout is not None:
                shape = [shape[0], *shape[2:], shape[1]]
            variables = [(v.op.name, v.shape) for v in v1.global_variables()]
            made.append((shape, variables))
    assert made[0] == made[1]


def channels_first(inputs):
    return np.moveaxis(inputs, -1, 1)


@pytest.mark.parametrize("layer", AXES)
@pytest.mark.parametrize("opened", [slim, tf_slim])
@pytest.mark.parametrize("called", [slim, tf_slim])
def test_scopes_over_either_layer_reach_both(layer, opened, called):
    with tf.Graph().as_default():
        with slim.arg_scope([getattr(opened, layer)], biases_initializer=None):
            inputs = tf.constant(INPUTS[AXES[layer]])
            getattr(called, layer)(inputs, *arguments(layer))
        assert len(v1.global_variables()) == 1


@pytest.mark.parametrize(
    ("layer", "shape", "options", "message"),
    [
        ("conv1d", [2, 5, 6, 3], {}, "rank 3, got 4"),
        ("convolution", [2, 3], {}, "rank 2"),
        ("convolution", [2, 5, 6, 3], {"data_format": "CHWN"}, "'CHWN'"),
        ("conv3d", [2, 4, 5, 6, None], {}, "undefined channels"),
        ("conv3d", [2, 4, 5, 6, 3], {"stride": 2, "rate": 2}, "not both exceed 1"),
        ("conv3d", [2, 4, 5, 6, 3], {"kernel_size": [3, 3]}, "3 numbers"),
        ("conv2d_transpose", [2, 5, 6], {}, "rank 4, got 3"),
        ("conv2d_transpose", [2, 5, 6, 3], {"data_format": "NWC"}, "NCHW or NHWC"),
        ("conv2d_transpose", [2, 5, 6, 3], {"num_outputs": 1.5}, "whole number"),
        ("conv3d_transpose", [2, 5, 6, 3], {}, "rank 5, got 4"),
        ("conv3d_transpose", [2] * 5, {"data_format": "NHWC"}, "NCDHW or NDHWC"),
    ],
)
def test_errors(layer, shape, options, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        inputs = v1.placeholder(tf.float32, shape)
        getattr(slim, layer)(inputs, **{"num_outputs": 4, "kernel_size": 3, **options})


@pytest.mark.parametrize("layer", ["conv1d", "conv3d"])
def test_the_op_has_tf_slims_name(layer):
    inputs = INPUTS[AXES[layer]]
    graphs.compare(layer, inputs, 4, 3, activation_fn=None, biases_initializer=None)


@pytest.mark.parametrize("layer", AXES)
def test_half_precision_called_eagerly(layer):
    inputs = tf.constant(INPUTS[AXES[layer]])
    with filled.variables() as variables:
        expected, outputs = (
            getattr(slim, layer)(values, *arguments(layer), scope="layer")
            for values in (inputs, tf.cast(inputs, tf.bfloat16))
        )
    assert outputs.dtype == tf.bfloat16
    assert {v.dtype for v in variables.values()} == {tf.float32}
    np.testing.assert_allclose(tf.cast(outputs, tf.float32), expected, 0.1, 0.1)


@pytest.mark.parametrize("axes", [1, 3])
def test_biases_have_their_gradients_with_channels_first_in_bfloat16(axes):
    inputs = tf.ones([2, 3, *[4] * axes], tf.bfloat16)
    with tf.Graph().as_default(), v1.Session() as session:
        net = slim.convolution(
            tf.constant(inputs.numpy()),
            4,
            1,
            data_format={1: "NCW", 3: "NCDHW"}[axes],
            activation_fn=None,
        )
        (biases,) = slim.get_variables_by_suffix("biases")
        (gradient,) = tf.gradients(net, [biases])
        session.run(v1.global_variables_initializer())
        np.testing.assert_array_equal(session.run(gradient), [2 * 4**axes] * 4)
