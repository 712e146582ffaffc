"""MobileNet v3 and EdgeTPU: their tables, and what is particular to them."""

import re

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets.mobilenet import conv_blocks, mobilenet_v3
from tests import v1_graph
from tests.goldens import fill

VARIANTS = {
    "large": mobilenet_v3.large,
    "small": mobilenet_v3.small,
    "large_minimalistic": mobilenet_v3.large_minimalistic,
    "small_minimalistic": mobilenet_v3.small_minimalistic,
    "edge_tpu": mobilenet_v3.edge_tpu,
    "edge_tpu_075": mobilenet_v3.edge_tpu_075,
}


def placeholder(*shape):
    return tf.compat.v1.placeholder(tf.float32, shape)


def depths(conv_defs, **arguments):
    """Returns the channels of layer 1, 2, ..."""
    with tf.Graph().as_default(), v1_graph.placeholders():
        _, end_points = mobilenet_v3.mobilenet_base(
            placeholder(1, 32, 32, 3), conv_defs=conv_defs, **arguments
        )
    count = len(conv_defs["spec"])
    return [end_points[f"layer_{i}"].shape[-1] for i in range(1, count + 1)]


def test_hard_swish_follows_its_formula():
    x = np.array([-4, -3, -1.5, 0, 1, 3, 5], np.float32)
    expected = [0, 0, -0.375, 0, 4 / 6, 3, 5]
    np.testing.assert_allclose(mobilenet_v3.hard_swish(tf.constant(x)), expected, 1e-6)
    np.testing.assert_allclose(
        mobilenet_v3.hard_sigmoid(tf.constant(x)), np.clip((x + 3) / 6, 0, 1), 1e-4
    )


@pytest.mark.parametrize(
    ("blocks", "table", "first"),
    [
        (mobilenet_v3.LARGE, mobilenet_v3.V3_LARGE, 16),
        (mobilenet_v3.SMALL, mobilenet_v3.V3_SMALL, 16),
        (mobilenet_v3.EDGETPU, mobilenet_v3.V3_EDGETPU, 32),
    ],
)
def test_layers_have_the_expansions_their_table_prints(blocks, table, first):
    depth = first
    for block, layer in zip(blocks, table["spec"][1:], strict=False):
        expansion_size = layer.params["expansion_size"]
        assert expansion_size(num_inputs=depth) == block.expanded
        assert layer.params["num_outputs"] == block.depth
        depth = block.depth


def test_a_minimalistic_network_is_3x3_convolutions_and_relu():
    for network in (mobilenet_v3.large_minimalistic, mobilenet_v3.small_minimalistic):
        with tf.Graph().as_default() as graph, v1_graph.placeholders() as shapes:
            network(placeholder(1, 32, 32, 3))
        kernels = {tuple(shapes[n][:2]) for n in shapes if n.endswith("weights")}
        types = {operation.type for operation in graph.get_operations()}
        assert kernels == {(1, 1), (3, 3)}
        assert not [name for name in shapes if "squeeze_excite" in name]
        assert "Relu" in types
        assert "Relu6" not in types


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_are_features_of_their_own_size(name):
    network = VARIANTS[name]
    assert network.default_image_size == 224
    with tf.Graph().as_default(), v1_graph.placeholders():
        features, _ = network(placeholder(None, 33, 65, 3), num_classes=None)
    depth = 1024 if name.startswith("small") else 1280
    assert features.shape.as_list() == [None, 1, 1, depth]


def test_a_variant_can_be_given_another_scope():
    with tf.Graph().as_default():
        mobilenet_v3.edge_tpu(
            placeholder(1, 32, 32, 3), scope="Scope", final_endpoint="layer_2"
        )
        assert all(name.startswith("Scope/") for name in v1_graph.all_variables())


def test_a_variant_has_an_arg_scope():
    with tf.Graph().as_default(), slim.arg_scope([mobilenet_v3.small], num_classes=7):
        logits, _ = mobilenet_v3.small(placeholder(1, 32, 32, 3))
    assert logits.shape == [1, 7]


def test_the_pooling_layer_averages_an_image_of_any_size():
    images = fill.images(2, 5, 9, 4)
    expected = images.mean((1, 2), keepdims=True)
    known = mobilenet_v3.reduce_to_1x1(tf.constant(images), stride=1)
    np.testing.assert_allclose(known, expected, atol=1e-6)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        unknown = placeholder(None, None, None, 4)
        pooled = mobilenet_v3.reduce_to_1x1(unknown)
        np.testing.assert_allclose(
            session.run(pooled, {unknown: images}), expected, atol=1e-6
        )


def test_a_detector_has_half_the_channels_in_its_last_stage():
    large = depths(mobilenet_v3.V3_LARGE_DETECTION)
    assert large[12:] == [112, 80, 80, 80, 480, 480, 1280]
    small = depths(mobilenet_v3.V3_SMALL_DETECTION)
    assert small[8:] == [48, 48, 48, 48, 288, 288, 1024]
    assert depths(mobilenet_v3.V3_LARGE)[13:17] == [160, 160, 160, 960]


@pytest.mark.parametrize("depth_multiplier", [0.25, 2.0])
def test_finegrain_keeps_the_last_layer(depth_multiplier):
    arguments = {"depth_multiplier": depth_multiplier}
    table = mobilenet_v3.V3_SMALL
    scaled = depths(table, **arguments)
    assert scaled[-1] == 1024 * depth_multiplier
    kept = depths(table, finegrain_classification_mode=True, **arguments)
    assert kept == [*scaled[:-1], 1024]


@pytest.mark.parametrize("network", [mobilenet_v3.small, mobilenet_v3.edge_tpu])
@pytest.mark.parametrize("use_explicit_padding", [False, True])
def test_dense_features_subsampled_equal_nominal_ones(network, use_explicit_padding):
    arguments = {
        "base_only": True,
        "depth_multiplier": 0.5,
        "final_endpoint": "layer_11",
        "use_explicit_padding": use_explicit_padding,
        "scope": "net",
    }
    images = tf.constant(fill.images(1, 65, 65))
    with v1_graph.stand_ins(without_squeeze_excite):
        dense = network(images, output_stride=4, **arguments)[0].numpy()
        nominal = network(images, **arguments)[0].numpy()
    every = (dense.shape[1] - 1) // (nominal.shape[1] - 1)
    assert every in (4, 8)
    np.testing.assert_allclose(
        dense[:, ::every, ::every], nominal, atol=1e-4 * nominal.std()
    )


def test_the_whole_network_can_be_dense():
    with tf.Graph().as_default(), v1_graph.placeholders():
        _, end_points = mobilenet_v3.small(placeholder(1, 64, 64, 3), output_stride=8)
    assert end_points["layer_13"].shape == [1, 8, 8, 576]
    assert end_points["layer_15"].shape == [1, 1, 1, 1024]


def without_squeeze_excite(name, shape, _):
    """Returns weights under which it does nothing: dense means are of more pixels."""
    return tf.constant(fill.weight(name, shape)) * ("squeeze_excite" not in name)


def test_group_norm_takes_the_place_of_batch_norm():
    with tf.Graph().as_default(), v1_graph.placeholders() as shapes:
        images = placeholder(2, 32, 32, 3)
        with slim.arg_scope(mobilenet_v3.training_scope()):
            mobilenet_v3.small(images, use_groupnorm=True)
        assert not tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)
        (reshaped, *_) = [
            operation.inputs[0].shape
            for operation in images.graph.get_operations()
            if operation.type == "SquaredDifference"
        ]
    assert not [name for name in shapes if "BatchNorm" in name]
    assert shapes["MobilenetV3/Conv/GroupNorm/gamma"] == [16]
    assert reshaped == [2, 16, 16, 8, 2]  # 8 groups of 2 channels


def test_overrides_of_a_table_reach_its_blocks():
    residual = {(conv_blocks.expanded_conv,): {"residual": False}}
    table = mobilenet_v3.V3_EDGETPU | {"overrides": residual}
    for conv_defs, sums in ((mobilenet_v3.V3_EDGETPU, 15), (table, 0)):
        with tf.Graph().as_default() as graph, v1_graph.placeholders():
            mobilenet_v3.mobilenet_base(placeholder(1, 32, 32, 3), conv_defs=conv_defs)
            names = [operation.name for operation in graph.get_operations()]
        found = [n for n in names if re.search(r"/expanded_conv(_\d+)?/add$", n)]
        assert len(found) == sums


def test_the_familys_name_for_the_multiplier_is_refused():
    with pytest.raises(errors.InputError, match="takes depth_multiplier"):
        mobilenet_v3.mobilenet(tf.zeros([1, 32, 32, 3]), multiplier=0.5)
