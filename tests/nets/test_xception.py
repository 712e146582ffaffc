"""Xception: Keras' numbers, figure 5, end points, errors."""

import re

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import errors, slim
from slimnets.nets import blueprint, registry, xception
from slimnets.report import layers
from tests import filled
from tests.goldens import fill

v1 = tf.compat.v1
SIZE = 75
SHORTCUTS = ("block2", "block3", "block4", "block13")  # those with a convolution


def random_keras_network():
    """Returns keras.applications' Xception, whose every variable is random."""
    tf.keras.backend.clear_session()  # shortcuts are named by number
    network = tf.keras.applications.Xception(
        weights=None, input_shape=(SIZE, SIZE, 3), classes=7, classifier_activation=None
    )
    rng = np.random.default_rng(0)
    for variable in network.weights:
        shape = variable.shape
        if variable.name in ("gamma", "moving_variance"):
            variable.assign(rng.uniform(0.5, 1.5, shape))
        elif variable.name.endswith("kernel"):
            depthwise = variable.name == "depthwise_kernel"
            fan_in = np.prod(shape[:2] if depthwise else shape[:-1])
            variable.assign(rng.standard_normal(shape) / np.sqrt(fan_in))
        else:
            variable.assign(0.1 * rng.standard_normal(shape))
    return network


def in_keras(name):
    """Returns the path of Keras' variable from ours without the network's scope."""
    layer, _, kind = name.rpartition("/")
    norm = layer.endswith("/BatchNorm")
    layer = layer.removesuffix("/BatchNorm")
    block, _, inner = layer.partition("/")
    if inner == "shortcut":
        number = SHORTCUTS.index(block)
        layer = "batch_normalization" if norm else "conv2d"
        layer += f"_{number}" if number else ""
    elif inner:
        layer = f"{block}_{inner}" + ("_bn" if norm else "")
    layer = layer.replace("Logits", "predictions")
    kind = re.sub("weights$", "kernel", kind).replace("biases", "bias")
    return f"{layer}/{kind}"


@pytest.mark.slow
def test_it_computes_what_keras_does():
    network = random_keras_network()
    theirs = {variable.path: variable.numpy() for variable in network.weights}
    model = slimnets.Model("xception", num_classes=7, image_size=SIZE)
    paths = {
        in_keras(name.partition("/")[2]): variable
        for name, variable in model.variables_by_name.items()
    }
    assert set(paths) == set(theirs)
    for path, variable in paths.items():
        variable.assign(np.reshape(theirs[path], variable.shape))
    images = fill.images(2, SIZE, SIZE)
    expected = network(images).numpy()
    logits, end_points = model(tf.constant(images))
    scale = np.abs(expected).max()
    np.testing.assert_allclose(logits / scale, expected / scale, atol=1e-4)
    np.testing.assert_allclose(end_points["Predictions"].numpy().sum(1), 1, rtol=1e-5)
    assert (expected / scale).std() > 0.1


def test_figure_5_and_the_costs_of_its_row():
    row = registry.get_row("xception")
    traced = blueprint.trace("xception", row.classes)
    shapes = {name: end.shape.as_list()[1:] for name, end in traced.end_points.items()}
    middle = {f"block{k}": [19, 19, 728] for k in range(4, 13)}
    expected = {
        "block1/conv1": [149, 149, 32],
        "block1/conv2": [147, 147, 64],
        "block2": [74, 74, 128],
        "block3": [37, 37, 256],
        **middle,
        "block13": [10, 10, 1024],
        "block14/sepconv1": [10, 10, 1536],
        "block14/sepconv2": [10, 10, 2048],
        "global_pool": [1, 1, 2048],
    }
    assert {name: shapes[name] for name in expected} == expected
    parameters = [traced.variables[x].shape.num_elements() for x in traced.trainable]
    multiply_adds = sum(map(layers.count_multiply_adds, traced.graph.get_operations()))
    assert sum(parameters) == row.parameters
    assert round(multiply_adds / 1e6, 1) == row.multiply_adds


def base(images, **arguments):
    with (
        slim.arg_scope(xception.xception_arg_scope()),
        slim.arg_scope([slim.batch_norm], is_training=False),
    ):
        return xception.xception_base(images, **arguments)


def placeholder(size):
    return v1.placeholder(tf.float32, [2, size, size, 3])


def test_separable_convolutions_have_end_points():
    with tf.Graph().as_default():
        _, end_points = base(placeholder(SIZE), final_endpoint="block3")
    assert list(end_points) == [
        "block1/conv1",
        "block1/conv2",
        "block2/sepconv1",
        "block2/sepconv2",
        "block2",
        "block3/sepconv1",
        "block3/sepconv2",
        "block3",
    ]


def test_without_pooling_the_logits_are_a_map():
    with tf.Graph().as_default():
        logits, end_points = slimnets.xception(
            placeholder(SIZE),
            5,
            is_training=False,
            global_pool=False,
            output_stride=16,
            spatial_squeeze=False,
        )
    assert logits.shape == [2, 5, 5, 5]
    assert "global_pool" not in end_points


@pytest.mark.parametrize(
    ("size", "arguments", "message"),
    [
        (SIZE, {"output_stride": 2}, "output_stride must be 4, 8, 16 or 32"),
        (SIZE, {"final_endpoint": "block14"}, "unknown end point 'block14'"),
        (6, {}, "needs images of at least 7x7 pixels, not 6x6"),
    ],
)
def test_what_is_refused(size, arguments, message):
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match=message):
        base(placeholder(size), **arguments)


@pytest.mark.parametrize(("size", "alike"), [(39, True), (41, False)])
def test_explicit_padding_changes_images_of_even_features(size, alike):
    images = tf.constant(fill.images(2, size, size, 3))
    with filled.variables():
        [same, padded] = [
            base(
                images,
                final_endpoint="block2",
                use_explicit_padding=explicit,
                scope="xception",
            )[1]
            for explicit in (False, True)
        ]
    assert same["block2"].shape == padded["block2"].shape
    assert np.allclose(same["block2"], padded["block2"]) == alike
    np.testing.assert_array_equal(same["block2/sepconv2"], padded["block2/sepconv2"])


def test_explicit_padding_is_no_pixel_and_at_every_side():
    net = tf.reshape(tf.range(-16.0, 0.0), [1, 4, 4, 1])
    pooled = xception._max_pool(net, 2, 1, pads_evenly=True)
    np.testing.assert_array_equal(pooled[0, ..., 0], [[-11, -9], [-3, -1]])
