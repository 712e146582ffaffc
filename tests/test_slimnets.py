"""The face of the package."""

import tensorflow as tf

import slimnets
from slimnets.nets import alexnet
from slimnets.nets.mobilenet import mobilenet_v2


def test_builders_bear_their_networks_names():
    assert slimnets.alexnet_v2 is alexnet.alexnet_v2
    assert slimnets.mobilenet_v2 is mobilenet_v2.mobilenet
    assert set(slimnets.list_networks()) <= set(dir(slimnets))


def test_a_builder_adds_to_the_graph_being_built():
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [None, 96, 96, 3])
        net, end_points = slimnets.mobilenet_v2(images, is_training=False)
    assert net.shape.as_list() == [None, 1001]
    assert end_points["Logits"] is net


def test_the_public_names_exist():
    for name in slimnets.__all__:
        assert getattr(slimnets, name) is not None
