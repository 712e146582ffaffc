"""A blueprint is the network, without values."""

import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.nets import blueprint, registry
from tests import v1_graph


@pytest.mark.parametrize("name", ["inception_v1", "mobilenet_v3_small", "cifarnet"])
def test_it_has_the_variables_and_end_points_of_the_network(name):
    row = registry.get_row(name)
    traced = blueprint.trace(name, 7)
    with tf.Graph().as_default():
        shape = [1, row.image_size, row.image_size, row.channels]
        images = tf.compat.v1.placeholder(tf.float32, shape)
        _, end_points = registry.get_network_fn(name, 7)(images)
        variables = v1_graph.all_variables()
        trainable = v1_graph.by_name(tf.compat.v1.trainable_variables())
    assert [(n, v.shape) for n, v in traced.variables.items()] == [
        (n, v.shape) for n, v in variables.items()
    ]
    assert traced.trainable == trainable.keys()
    assert [(n, t.shape) for n, t in traced.end_points.items()] == [
        (n, t.shape) for n, t in end_points.items()
    ]


def test_images_and_classes_are_as_asked():
    traced = blueprint.trace("mobilenet_v1_025", None, image_size=64, channels=1)
    assert traced.images.shape == [1, 64, 64, 1]
    assert traced.variables["MobilenetV1/Conv2d_0/weights"].shape == [3, 3, 1, 8]
    assert not [name for name in traced.variables if "Logits" in name]


def test_a_misspelt_name():
    with pytest.raises(errors.InputError, match="did you mean inception_v3"):
        blueprint.trace("inceptin_v3", 7)
