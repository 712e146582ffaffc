"""Where in an image a network saw what it says."""

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import errors
from slimnets.inference import grad_cam

SIZE = 8


def build_seer(images, num_classes, is_training=False):
    """Class k is how bright channel k is on the whole; its map is the image."""
    maps = tf.identity(images)
    logits = tf.reduce_mean(maps, [1, 2])
    return logits, {"Map": maps, "Pool": logits[:, tf.newaxis, tf.newaxis]}


def test_it_is_hot_where_the_class_is():
    images = np.zeros([2, SIZE, SIZE, 3], np.float32)
    images[0, 2, 5, 1] = 4.0
    images[0, 6, 6, 0] = 9.0  # of another class
    images[1, :2, :, 2] = 1.0
    images[1, 7, 7, 2] = -5.0  # speaks against it
    explain = grad_cam.make_explainer(slimnets.Model(build_seer, 3, image_size=SIZE))
    heat = explain(tf.constant(images), tf.constant([1, 2]))
    expected = np.zeros([2, SIZE, SIZE], np.float32)
    expected[0, 2, 5] = 1
    expected[1, :2] = 1
    np.testing.assert_allclose(heat, expected, atol=1e-6)


def test_where_nothing_speaks_for_the_class_it_is_cold():
    explain = grad_cam.make_explainer(slimnets.Model(build_seer, 3, image_size=SIZE))
    heat = explain(-tf.ones([1, SIZE, SIZE, 3]), tf.constant([0]))
    np.testing.assert_array_equal(heat, np.zeros([1, SIZE, SIZE]))


def test_a_network_without_maps():
    def build(images, num_classes, is_training=False):
        net = tf.reduce_mean(images, [1, 2])
        return net, {"Pool": net}

    explain = grad_cam.make_explainer(slimnets.Model(build, 3, image_size=SIZE))
    with pytest.raises(errors.InputError, match="no end point that is a map"):
        explain(tf.zeros([1, SIZE, SIZE, 3]), tf.constant([0]))


@pytest.mark.parametrize("name", ["mobilenet_v2", "densenet_121", "vgg_16", "lenet"])
def test_networks_of_ours(short_networks, name):
    model = slimnets.Model(name, 3)
    size = model.image_size
    images = tf.random.stateless_uniform([1, size, size, model.channels], [0, 1])
    heat = grad_cam.make_explainer(model)(images, tf.constant([1]))
    assert heat.shape == (1, size, size) and heat.min() >= 0 and heat.max() <= 1


def test_an_overlay():
    image = np.full([2, 2, 3], 100, np.uint8)
    heat = np.array([[0, 0], [1, 0.5]])
    shown = grad_cam.overlay(image, heat)
    np.testing.assert_array_equal(shown[0], image[0])
    np.testing.assert_allclose(shown[1, 0], [178, 171, 95], atol=1)  # half of yellow
    assert grad_cam.overlay(image[..., :1], heat).shape == (2, 2, 3)
