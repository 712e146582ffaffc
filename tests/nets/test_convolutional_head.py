"""Fully connected layers as convolutions: a map is what each of its windows gives."""

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import slim
from slimnets.nets import convolutional_head
from slimnets.nets.convolutional_head import FullyConnected
from slimnets.nets.rows import Conv, MaxPool
from tests import v1_graph

v1 = tf.compat.v1
TABLE = (
    Conv("conv1", 7, 1),
    FullyConnected("fc6", 5, 3),
    FullyConnected("fc7", 6),
)


def build(net, **named):
    _, end_points = convolutional_head.build(
        net,
        num_classes=20,
        is_training=False,
        spatial_squeeze=False,
        table=TABLE,
        name="net",
        **named,
    )
    return end_points


def test_each_place_of_a_map_has_the_logits_of_its_window():
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(0)
        net = tf.random.stateless_normal([2, 5, 4, 7], [0, 1])
        whole = build(net, scope="net")
        window = build(net[:, 2:, 1:], scope="net", reuse=True)
        session.run(v1.global_variables_initializer())
        whole, window = session.run([whole, window])
    assert list(whole) == ["net/conv1", "net/fc6", "net/fc7", "net/fc8"]
    assert whole["net/fc8"].shape == (2, 3, 2, 20)
    np.testing.assert_allclose(
        whole["net/fc8"][:, 2:, 1:], window["net/fc8"], rtol=1e-4, atol=1e-5
    )
    assert whole["net/fc8"].min() < 0 <= whole["net/fc7"].min()


def test_the_global_pool_is_fc7s_mean():
    with tf.Graph().as_default(), v1.Session() as session:
        end_points = build(
            tf.random.stateless_normal([2, 5, 4, 7], [0, 1]), global_pool=True
        )
        session.run(v1.global_variables_initializer())
        end_points = session.run(end_points)
    assert list(end_points)[1:] == ["net/fc6", "net/fc7", "global_pool", "net/fc8"]
    np.testing.assert_allclose(
        end_points["global_pool"][:, 0, 0],
        end_points["net/fc7"].mean((1, 2)),
        rtol=1e-5,
    )
    assert end_points["net/fc8"].shape == (2, 1, 1, 20)


@pytest.mark.parametrize(
    ("padding", "window"), [("VALID", "VALID"), ("VALID", "SAME"), ("SAME", "VALID")]
)
def test_the_smallest_image_gives_one_vector(padding, window):
    table = (
        Conv("conv1", 1, 5, stride=3, padding=padding),
        MaxPool("pool1", 3, padding=padding),
        FullyConnected("fc6", 1, 4, padding=window),
        FullyConnected("fc7", 1),
    )
    smallest = convolutional_head.smallest_image(table)
    with tf.Graph().as_default():
        logits, _ = convolutional_head.build(
            tf.zeros([1, smallest, smallest, 1]), 2, table=table, name="net"
        )
        assert logits.shape == [1, 2]
        message = f"^net needs images of at least {smallest}x{smallest} pixels"
        with pytest.raises(ValueError, match=message):
            convolutional_head.build(
                tf.zeros([1, smallest, smallest - 1, 1]), 2, table=table, name="net"
            )


@pytest.mark.parametrize("name", ["vgg_a", "alexnet_v2", "overfeat"])
def test_a_v1_graph_has_tf_slims_collection_of_the_layers(name):
    network = getattr(slimnets, name)
    shape = [1, network.default_image_size, network.default_image_size, 3]
    with tf.Graph().as_default(), v1_graph.placeholders():
        _, end_points = network(tf.zeros(shape), 5, is_training=False, scope="net")
        filed = slim.utils.convert_collection_to_dict("net/_end_points")
    assert list(filed) == list(end_points)
    assert all(filed[layer] is end_points[layer] for layer in list(filed)[:-1])
    assert filed["net/fc8"].shape.as_list() == [1, 1, 1, 5]
