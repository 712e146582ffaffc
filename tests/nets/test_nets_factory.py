"""research/slim's factory over our registry, and the helpers its clients import."""

import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.nets import (
    alexnet,
    cifarnet,
    i3d,
    inception_v1,
    inception_v2,
    inception_v3,
    mobilenet_v1,
    nets_factory,
    overfeat,
    registry,
    s3dg,
    vgg,
)
from slimnets.nets.mobilenet import mobilenet, mobilenet_v2, mobilenet_v3
from tests import v1_graph


def test_the_maps_have_every_network_with_its_size():
    assert nets_factory.networks_map.keys() == nets_factory.arg_scopes_map.keys()
    assert nets_factory.get_network_fn is registry.get_network_fn
    assert nets_factory.networks_map.keys() == {
        *registry.list_networks(kind="classifier"),
        *registry.list_networks(kind="video classifier"),
    }
    for name in ("vgg_16", "mobilenet_v2_140", "lenet"):
        size = registry.get_row(name).image_size
        assert nets_factory.networks_map[name].default_image_size == size
    assert nets_factory.arg_scopes_map["vgg_16"] is vgg.vgg_arg_scope


def test_a_network_of_the_map_is_built_by_its_own_table():
    scope = nets_factory.arg_scopes_map["resnet_v1_50"](weight_decay=0.0)
    network = nets_factory.networks_map["resnet_v1_50"]
    with (
        tf.Graph().as_default(),
        v1_graph.placeholders() as shapes,
        slim.arg_scope(scope),
    ):
        network(tf.zeros([1, 32, 32, 3]), 5, is_training=False)
    assert shapes["resnet_v1_50/logits/weights"] == [1, 1, 2048, 5]


@pytest.mark.parametrize(
    "module",
    [
        alexnet,
        cifarnet,
        i3d,
        inception_v1,
        inception_v2,
        inception_v3,
        overfeat,
        s3dg,
    ],
)
def test_trunc_normal(module):
    assert module.trunc_normal(0.25).stddev == 0.25


@pytest.mark.parametrize("module", [mobilenet_v1, mobilenet_v2, mobilenet_v3])
def test_wrapped_partial_keeps_the_name_and_the_size(module):
    partial = module.wrapped_partial(mobilenet_v2.mobilenet, depth_multiplier=0.5)
    assert partial.__name__ == "mobilenet"
    assert partial.default_image_size == 224
    assert partial.keywords == {"depth_multiplier": 0.5}


def test_helpers_of_the_mobilenets():
    assert mobilenet.apply_activation(2.0) == 2.0
    assert mobilenet.apply_activation(-1.0, "here", tf.nn.relu) == 0.0
    with mobilenet.NoOpScope() as scope:
        assert scope is None
    assert mobilenet_v2.expand_input(6)(16) == 96


def test_group_norm_takes_batch_norms_place():
    with tf.Graph().as_default(), v1_graph.placeholders() as shapes:
        mobilenet_v2.mobilenet_base_group_norm(tf.zeros([1, 32, 32, 3]))
    assert "MobilenetV2/Conv/GroupNorm/gamma" in shapes
    assert not [name for name in shapes if "BatchNorm" in name]
