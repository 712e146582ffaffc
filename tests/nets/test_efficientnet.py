"""EfficientNet: Keras' numbers, and the tables that scaling gives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets.nets import efficientnet, registry

Normalization = keras.layers.Normalization

MEAN, VARIANCE = (0.485, 0.456, 0.406), (0.229**2, 0.224**2, 0.225**2)  # of ImageNet

# Keras' layers by ours, within a block and outside.
IN_BLOCKS = {
    "expand": ("expand_conv", "expand_bn"),
    "depthwise": ("dwconv", "bn"),
    "squeeze_excite/Conv": ("se_reduce", None),
    "squeeze_excite/Conv_1": ("se_expand", None),
    "project": ("project_conv", "project_bn"),
}
OUTSIDE = {
    "stem": ("stem_conv", "stem_bn"),
    "head": ("top_conv", "top_bn"),
    "Logits": ("predictions", None),
}
KINDS = {"weights": "kernel", "depthwise_weights": "kernel", "biases": "bias"}


def random_keras_network(size):
    """Returns keras.applications' B0 with random weights, biases and moments."""
    network = keras.applications.EfficientNetB0(
        weights=None, input_shape=(size, size, 3), classifier_activation=None
    )
    rng = np.random.default_rng(0)
    for variable in network.weights:
        shape = variable.shape
        if variable.path.startswith("normalization"):
            continue
        if variable.name in ("gamma", "moving_variance"):
            variable.assign(rng.uniform(0.5, 1.5, shape))
        elif variable.name == "kernel":
            fan_in = np.prod(shape[:2] if "dwconv" in variable.path else shape[:-1])
            variable.assign(rng.standard_normal(shape) * np.sqrt(2 / fan_in))
        else:
            variable.assign(0.1 * rng.standard_normal(shape))
    (normalization,) = (
        layer for layer in network.layers if isinstance(layer, Normalization)
    )
    normalization.adapt_mean.assign(MEAN)
    normalization.adapt_variance.assign(VARIANCE)
    normalization.finalize_state()
    return network


def in_keras(name):
    """Returns the path of Keras' variable from ours without the network's scope."""
    layer, _, kind = name.rpartition("/")
    normalization = layer.endswith("/BatchNorm")
    layer = layer.removesuffix("/BatchNorm")
    if layer in OUTSIDE:
        names, prefix = OUTSIDE[layer], ""
    else:
        block, _, layer = layer.partition("/")
        names, prefix = IN_BLOCKS[layer], f"{block}_"
    return f"{prefix}{names[normalization]}/{KINDS.get(kind, kind)}"


@pytest.mark.slow
def test_it_computes_what_keras_does():
    network = random_keras_network(size=64)
    theirs = {variable.path: variable.numpy() for variable in network.weights}
    model = slimnets.Model("efficientnet_b0", num_classes=1000, image_size=64)
    ours = model.variables_by_name
    paths = {name: in_keras(name.partition("/")[2]) for name in ours}
    unused = set(theirs) - set(paths.values())
    assert all(path.startswith("normalization") for path in unused)
    for name, variable in ours.items():
        variable.assign(np.reshape(theirs[paths[name]], variable.shape))
    pixels = np.random.default_rng(1).uniform(0, 255, (2, 64, 64, 3))
    expected = network(pixels, training=False).numpy()
    images = (pixels / 255 - MEAN) / np.sqrt(VARIANCE)
    logits, _ = model(images.astype(np.float32))
    scale = np.abs(expected).max()
    assert np.ptp(expected, axis=0).max() > 0.01 * scale  # images are told apart
    np.testing.assert_allclose(logits / scale, expected / scale, rtol=0, atol=1e-4)


def depths(name):
    return [stage.depth for stage in efficientnet.TABLES[name].stages]


def layers(name):
    return [stage.layers for stage in efficientnet.TABLES[name].stages]


def around(name):
    return efficientnet.TABLES[name].stem, efficientnet.TABLES[name].head


def test_tables_are_scaled():
    assert depths("efficientnet_b0") == [16, 24, 40, 80, 112, 192, 320]
    assert layers("efficientnet_b0") == [1, 2, 2, 3, 3, 4, 1]
    assert depths("efficientnet_b3") == [24, 32, 48, 96, 136, 232, 384]
    assert layers("efficientnet_b3") == [2, 3, 3, 5, 5, 6, 2]
    assert around("efficientnet_b3") == (40, 1536)
    assert depths("efficientnet_b7") == [32, 48, 80, 160, 224, 384, 640]
    assert layers("efficientnet_b7") == [4, 7, 7, 10, 10, 13, 4]
    assert around("efficientnet_b7") == (64, 2560)


def test_lite_keeps_what_is_around_the_stages():
    assert depths("efficientnet_lite4") == depths("efficientnet_b4")
    assert layers("efficientnet_b4") == [2, 4, 4, 6, 6, 8, 2]
    assert layers("efficientnet_lite4") == [1, 4, 4, 6, 6, 8, 1]
    assert around("efficientnet_lite4") == (32, 1280)


def test_stages_have_the_resolution_of_table_1():
    with tf.Graph().as_default():
        _, end_points = efficientnet.efficientnet_base(tf.zeros([1, 224, 224, 3]))
    ends = ["stem", "1a", "2b", "3b", "4c", "5c", "6d", "7a", "head"]
    names = [end if len(end) > 2 else f"block{end}" for end in ends]
    sizes = [end_points[name].shape[1] for name in names]
    assert sizes == [112, 112, 56, 28, 14, 14, 7, 7, 7]


@pytest.mark.parametrize("name", registry.list_networks("efficientnet_lite*"))
def test_lite_has_neither_squeeze_excite_nor_swish(name):
    table = efficientnet.TABLES[name]
    assert table.activation_fn is tf.nn.relu6
    assert not any(stage.squeeze_excite for stage in table.stages)


def test_swish():
    values = np.array([-10.0, -1.0, 0.0, 2.0], np.float32)
    expected = values / (1 + np.exp(-values))
    np.testing.assert_allclose(efficientnet.swish(values), expected, rtol=1e-5)
