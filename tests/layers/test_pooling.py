"""Pools are tf_slim's: names, collections, numbers, gradients."""

import numpy as np
import pytest
import tensorflow as tf
import tf_slim

from slimnets import slim
from tests.layers import graphs

IMAGES = graphs.images(2, 9, 8, 3)

pytestmark = graphs.peers


@pytest.mark.parametrize("layer", ["max_pool2d", "avg_pool2d"])
@pytest.mark.parametrize(
    ("kernel_size", "options"),
    [
        (3, {}),
        (2, {"stride": 1}),
        ([3, 2], {"stride": [1, 2], "padding": "SAME"}),
        (3, {"padding": "same", "scope": "pool1"}),
        (1, {"stride": 3}),
        (3, {"outputs_collections": ["outputs"], "scope": "a/b"}),
        (3, {"static_shape": [None, None, None, 3], "padding": "SAME"}),
    ],
)
def test_pools(layer, kernel_size, options):
    graphs.compare(layer, IMAGES, kernel_size, **options)


@pytest.mark.parametrize("layer", ["max_pool3d", "avg_pool3d"])
@pytest.mark.parametrize(
    ("kernel_size", "options"),
    [
        (2, {}),
        ([1, 3, 2], {"stride": [1, 2, 3], "padding": "same", "scope": "pool1"}),
        (2, {"static_shape": [None, None, None, None, 2], "padding": "SAME"}),
        (2, {"data_format": "NCDHW", "outputs_collections": ["outputs"]}),
    ],
)
def test_pools_of_three_axes(layer, kernel_size, options):
    graphs.compare(layer, graphs.images(2, 5, 4, 5, 2), kernel_size, **options)


@pytest.mark.parametrize("layer", ["max_pool3d", "avg_pool3d"])
def test_three_axes_have_formats_of_their_own(layer):
    with pytest.raises(ValueError, match="NCDHW or NDHWC"):
        getattr(slim, layer)(tf.zeros([1, 2, 2, 2, 1]), 2, data_format="NHWC")


def test_average_does_not_count_padding():
    pooled = slim.avg_pool2d(tf.ones([1, 3, 3, 1]), 3, stride=1, padding="SAME")
    np.testing.assert_allclose(pooled, np.ones([1, 3, 3, 1]))


def test_max_does_not_see_padding():
    pooled = slim.max_pool2d(-tf.ones([1, 3, 3, 1]), 3, stride=1, padding="SAME")
    np.testing.assert_allclose(pooled, -np.ones([1, 3, 3, 1]))


@pytest.mark.parametrize("layer", ["max_pool2d", "avg_pool2d"])
def test_channels_first_shapes(layer):
    shapes = []
    for library in (slim, tf_slim):
        with tf.Graph().as_default():
            images = tf.zeros([2, 3, 9, 8])
            pool = getattr(library, layer)
            shapes.append(pool(images, 3, data_format="NCHW").shape.as_list())
    assert shapes == [[2, 3, 4, 3]] * 2


@pytest.mark.parametrize("layer", ["max_pool2d", "avg_pool2d"])
@pytest.mark.parametrize("opened", [slim, tf_slim])
@pytest.mark.parametrize("called", [slim, tf_slim])
def test_scopes_over_either_layer_reach_both(layer, opened, called):
    over = [getattr(opened, layer)]
    with tf.Graph().as_default(), slim.arg_scope(over, padding="SAME", stride=3):
        net = getattr(called, layer)(tf.constant(IMAGES), 2)
    assert net.shape == [2, 3, 3, 3]


@pytest.mark.parametrize("layer", ["max_pool2d", "avg_pool2d"])
def test_a_dict_receives_the_output(layer):
    ends = {}
    net = getattr(slim, layer)(IMAGES, 2, outputs_collections=ends, scope="a/pool1")
    assert list(ends) == ["a/pool1"]
    assert ends["a/pool1"] is net


@pytest.mark.parametrize("layer", ["max_pool2d", "avg_pool2d"])
def test_unknown_data_format_is_an_error(layer):
    with pytest.raises(ValueError, match="NCHW or NHWC"):
        getattr(slim, layer)(IMAGES, 2, data_format="NWC")
