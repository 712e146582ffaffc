"""The original ResNet-50: Keras' numbers, the detectors' end point, its costs."""

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import slim
from slimnets.nets import resnet50
from tests import v1_graph

v1 = tf.compat.v1
UNITS = (3, 4, 6, 3)


def random_keras_resnet50():
    """Returns keras.applications' network with random weights, biases and moments."""
    network = tf.keras.applications.ResNet50(weights=None)
    rng = np.random.default_rng(0)
    for variable in network.weights:
        shape = variable.shape
        if variable.name in ("gamma", "moving_variance"):
            variable.assign(rng.uniform(0.5, 1.5, shape))
        elif variable.name == "kernel":
            # Features are about 1e4; a saturated softmax would hide differences.
            gain = 2e-8 if "predictions" in variable.path else 2.0
            scale = np.sqrt(gain / np.prod(shape[:-1]))
            variable.assign(scale * rng.standard_normal(shape))
        else:
            variable.assign(0.1 * rng.standard_normal(shape))
    return network


def keras_layers():
    """Returns our names of convolutions by Keras' names."""
    layers = {"conv1": "resnet50/conv1"}
    for block, units in enumerate(UNITS, 1):
        for unit in range(1, units + 1):
            ours = f"resnet50/block{block}/unit_{unit}/bottleneck_v1"
            theirs = f"conv{block + 1}_block{unit}"
            layers |= {f"{theirs}_{i}": f"{ours}/conv{i}" for i in (1, 2, 3)}
            if unit == 1:
                layers[f"{theirs}_0"] = f"{ours}/shortcut"
    return layers


def weights_under_our_names(network):
    """Returns Keras' weights; a convolution's biases move into the moving mean."""
    keras = {variable.path: variable.numpy() for variable in network.weights}
    weights = {
        "resnet50/logits/weights": keras["predictions/kernel"][None, None],
        "resnet50/logits/biases": keras["predictions/bias"],
    }
    for theirs, ours in keras_layers().items():
        weights[f"{ours}/weights"] = keras[f"{theirs}_conv/kernel"]
        for name in ("gamma", "beta", "moving_mean", "moving_variance"):
            weights[f"{ours}/BatchNorm/{name}"] = keras[f"{theirs}_bn/{name}"]
        weights[f"{ours}/BatchNorm/moving_mean"] -= keras[f"{theirs}_conv/bias"]
    return weights


@pytest.mark.slow
def test_it_computes_what_keras_does():
    network = random_keras_resnet50()
    weights = weights_under_our_names(network)
    model = slimnets.Model("resnet50", num_classes=1000)
    assert set(weights) == set(model.variables_by_name)
    for name, values in weights.items():
        model.variables_by_name[name].assign(values)
    images = np.random.default_rng(1).uniform(-1, 1, (2, 224, 224, 3))
    expected = network(images.astype(np.float32)).numpy()
    logits, end_points = model(images.astype(np.float32))
    assert np.ptp(np.log(expected)) > 1
    np.testing.assert_allclose(end_points["predictions"], expected, rtol=1e-4)
    np.testing.assert_allclose(tf.nn.softmax(logits), expected, rtol=1e-4)


def build(size, num_classes=1000, **arguments):
    with slim.arg_scope(resnet50.resnet50_arg_scope()):
        return resnet50.resnet50(
            tf.zeros([1, size, size, 3]), num_classes, is_training=False, **arguments
        )


@pytest.mark.parametrize(
    ("size", "sizes"),
    [(224, [56, 28, 14, 7]), (600, [150, 75, 38, 19]), (225, [57, 29, 15, 8])],
)
def test_blocks_have_the_resolution_of_table_1(size, sizes):
    with tf.Graph().as_default(), v1_graph.placeholders():
        _, end_points = build(size)
    shapes = [end_points[f"resnet50/block{n}"].shape[1:] for n in (1, 2, 3, 4)]
    assert shapes == [[s, s, 256 * 2**n] for n, s in enumerate(sizes)]


@pytest.mark.parametrize(
    ("output_stride", "message"),
    [(10, "needs to be a multiple of 4"), (12, "cannot be reached")],
)
def test_impossible_output_strides_are_errors(output_stride, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        build(64, output_stride=output_stride)


def test_epsilon_is_kerass():
    with tf.Graph().as_default() as graph, v1_graph.placeholders():
        build(32)
        epsilons = {
            op.get_attr("epsilon")
            for op in graph.get_operations()
            if op.type == "FusedBatchNormV3"
        }
    assert epsilons == {np.float32(1.001e-5)}
