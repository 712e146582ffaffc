"""DenseNet: Keras' numbers, the paper's table, end points, errors."""

import re

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import errors, slim
from slimnets.nets import blueprint, densenet, registry
from slimnets.report import layers
from tests.goldens import fill

v1 = tf.compat.v1
SIZE = 64
THIN = densenet.Table((2, 1, 2, 1), growth_rate=4, stem=8)


def random_keras_network():
    """Returns keras.applications' DenseNet-121, whose every variable is random."""
    network = tf.keras.applications.DenseNet121(
        weights=None, input_shape=(SIZE, SIZE, 3), classes=7, classifier_activation=None
    )
    rng = np.random.default_rng(0)
    for variable in network.weights:
        shape = variable.shape
        if variable.name in ("gamma", "moving_variance"):
            variable.assign(rng.uniform(0.5, 1.5, shape))
        elif variable.name == "kernel":
            scale = np.sqrt(2 / np.prod(shape[:-1]))
            variable.assign(scale * rng.standard_normal(shape))
        else:
            variable.assign(0.1 * rng.standard_normal(shape))
    return network


def in_keras(name):
    """Returns the path of Keras' variable from ours without the network's scope."""
    layer, _, kind = name.rpartition("/")
    norm = layer.endswith("BatchNorm")
    layer = layer.removesuffix("BatchNorm").rstrip("/")
    layer = {"": "bn", "Logits": "predictions", "conv1": "conv1_conv"}.get(layer, layer)
    match = re.fullmatch(r"(block|transition)(\d)/?(?:layer_)?(\d*)/?(\w*)", layer)
    if match:
        place, block, unit, conv = match.groups()
        following = int(block) + 1
        if place == "block":
            layer = f"conv{following}_block{unit}_{conv[4:] or '0'}_conv"
        else:
            layer = f"pool{following}_conv"
    if norm:
        layer = layer.removesuffix("_conv") + ("" if layer == "bn" else "_bn")
    return f"{layer}/{ {'weights': 'kernel', 'biases': 'bias'}.get(kind, kind) }"


@pytest.mark.slow
def test_it_computes_what_keras_does():
    network = random_keras_network()
    theirs = {variable.path: variable.numpy() for variable in network.weights}
    model = slimnets.Model("densenet_121", num_classes=7, image_size=SIZE)
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
    assert expected.std() > 0.1


@pytest.mark.parametrize(
    ("name", "depths"),
    [
        ("densenet_121", [256, 512, 1024, 1024]),
        ("densenet_169", [256, 512, 1280, 1664]),
        ("densenet_201", [256, 512, 1792, 1920]),
    ],
)
def test_table_1_and_the_costs_of_its_row(name, depths):
    row = registry.get_row(name)
    traced = blueprint.trace(name, row.classes)
    shapes = [traced.end_points[f"block{k}"].shape.as_list() for k in (1, 2, 3, 4)]
    assert shapes == [
        [1, side, side, depth]
        for side, depth in zip((56, 28, 14, 7), depths, strict=True)
    ]
    parameters = [traced.variables[x].shape.num_elements() for x in traced.trainable]
    multiply_adds = sum(map(layers.count_multiply_adds, traced.graph.get_operations()))
    assert sum(parameters) == row.parameters
    assert round(multiply_adds / 1e6, 1) == row.multiply_adds


def base(images, **arguments):
    with (
        slim.arg_scope(densenet.densenet_arg_scope()),
        slim.arg_scope([slim.batch_norm], is_training=False),
    ):
        return densenet.densenet_base(images, THIN, **arguments)


def placeholder(size):
    return v1.placeholder(tf.float32, [2, size, size, 3])


def test_every_layer_block_and_transition_has_an_end_point():
    with tf.Graph().as_default():
        _, end_points = base(placeholder(SIZE))
    shapes = {name: tensor.shape.as_list()[1:] for name, tensor in end_points.items()}
    assert shapes == {
        "conv1": [32, 32, 8],
        "pool1": [16, 16, 8],
        "block1/layer_1": [16, 16, 12],
        "block1/layer_2": [16, 16, 16],
        "block1": [16, 16, 16],
        "transition1": [8, 8, 8],
        "block2/layer_1": [8, 8, 12],
        "block2": [8, 8, 12],
        "transition2": [4, 4, 6],
        "block3/layer_1": [4, 4, 10],
        "block3/layer_2": [4, 4, 14],
        "block3": [4, 4, 14],
        "transition3": [2, 2, 7],
        "block4/layer_1": [2, 2, 11],
        "block4": [2, 2, 11],
        "norm": [2, 2, 11],
    }


def test_without_pooling_the_logits_are_a_map():
    with tf.Graph().as_default():
        logits, end_points = densenet.densenet(
            placeholder(SIZE),
            5,
            is_training=False,
            global_pool=False,
            output_stride=16,
            spatial_squeeze=False,
            table=THIN,
        )
    assert logits.shape == [2, 4, 4, 5]
    assert "global_pool" not in end_points


def test_epsilon_is_kerass():
    with tf.Graph().as_default() as graph:
        base(placeholder(32))
        epsilons = {
            op.get_attr("epsilon")
            for op in graph.get_operations()
            if op.type == "FusedBatchNormV3"
        }
    assert epsilons == {np.float32(1.001e-5)}


@pytest.mark.parametrize(
    ("size", "arguments", "message"),
    [
        (SIZE, {"output_stride": 64}, "output_stride must be 4, 8, 16 or 32"),
        (SIZE, {"final_endpoint": "block5"}, "unknown end point 'block5'"),
        (28, {}, "needs images of at least 29x29 pixels, not 28x28"),
    ],
)
def test_what_is_refused(size, arguments, message):
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match=message):
        base(placeholder(size), **arguments)
