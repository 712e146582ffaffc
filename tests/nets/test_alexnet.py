"""AlexNet: what is particular to it."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import alexnet
from tests import v1_graph


def built(height, width, **arguments):
    """Returns net and end points of a graph, whose shapes are all that counts here."""
    with tf.Graph().as_default(), slim.arg_scope(alexnet.alexnet_v2_arg_scope()):
        images = tf.compat.v1.placeholder(tf.float32, [1, height, width, 3])
        return alexnet.alexnet_v2(images, **arguments)


def test_larger_images_give_a_map_of_logits():
    logits, end_points = built(300, 400, spatial_squeeze=False)
    assert logits.shape == [1, 4, 7, 1000]
    assert logits.op.name == "alexnet_v2/fc8/BiasAdd"
    assert end_points["alexnet_v2/fc8"] is logits


def test_a_map_of_logits_is_not_squeezed_in_silence():
    with pytest.raises(errors.InputError, match="4x7 logits"):
        built(300, 400)


def test_global_pool_gives_one_vector_whatever_the_size():
    logits, end_points = built(300, 400, global_pool=True)
    assert logits.shape == [1, 1000]
    assert end_points["global_pool"].shape == [1, 1, 1, 4096]
    assert list(end_points)[-3:] == ["alexnet_v2/fc7", "global_pool", "alexnet_v2/fc8"]


@pytest.mark.parametrize("num_classes", [None, 0])
def test_features_are_those_of_fc7(num_classes):
    features, end_points = built(224, 224, num_classes=num_classes)
    assert features is end_points["alexnet_v2/fc7"]
    assert features.shape == [1, 1, 1, 4096]
    assert len(end_points) == 10


def test_the_smallest_image():
    assert built(195, 195)[0].shape == [1, 1000]
    with pytest.raises(errors.InputError, match="at least 195x195 pixels, not 224x194"):
        built(224, 194)


def test_end_points_are_named_by_the_scope():
    _, end_points = built(224, 224, scope="mine")
    assert list(end_points)[::10] == ["mine/conv1", "mine/fc8"]


def test_initial_values():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        with slim.arg_scope(alexnet.alexnet_v2_arg_scope()):
            alexnet.alexnet_v2(tf.zeros([1, 195, 195, 3]), num_classes=3)
        session.run(tf.compat.v1.global_variables_initializer())
        values = session.run(v1_graph.all_variables())
    for layer in ("conv1", "conv5", "fc6", "fc7"):
        assert (values[f"alexnet_v2/{layer}/biases"] == np.float32(0.1)).all()
    assert not values["alexnet_v2/fc8/biases"].any()
    for layer in ("fc6", "fc7", "fc8"):
        assert 0.004 < values[f"alexnet_v2/{layer}/weights"].std() < 0.005
