"""Receptive fields against the published ones, and against gradients."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.nets import blueprint
from slimnets.report import receptive_field

v1 = tf.compat.v1
slow = functools.partial(pytest.param, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("name", "end_point", "size", "stride"),
    [
        # Araujo, Norris and Sim, Distill 2019, the table of networks.
        ("alexnet_v2", "alexnet_v2/pool5", 195, 32),
        ("vgg_16", "vgg_16/pool5", 212, 32),
        ("mobilenet_v1", "Conv2d_13_pointwise", 315, 32),
        ("resnet_v1_50", "resnet_v1_50/block4", 483, 32),
        slow("resnet_v1_101", "resnet_v1_101/block4", 1027, 32),
        ("inception_v2", "Mixed_5c", 699, 32),
        slow("inception_v3", "Mixed_7c", 1311, 32),
        slow("inception_v4", "Mixed_7d", 2071, 32),
        slow("inception_resnet_v2", "Conv2d_7b_1x1", 3039, 32),
        # The fully connected layers of VGG are convolutions over 7 features.
        ("vgg_16", "vgg_16/fc6", 212 + 6 * 32, 32),
    ],
)
def test_published_ones(name, end_point, size, stride):
    traced = blueprint.trace(name, 5)
    fields = receptive_field.compute_fields(traced.graph, traced.images)
    field = fields[traced.end_points[end_point].op]
    assert field.size == (size, size)
    assert field.stride == (stride, stride)


def separable(net):
    """Asymmetric kernels, and a branch that sees less."""
    return slim.conv2d(net, 2, (1, 5)) + slim.conv2d(net, 2, (3, 1), padding="SAME")


def gated(net):
    """Squeeze and excite."""
    gate = tf.reduce_mean(net, [1, 2], keepdims=True)
    return slim.conv2d(net, 2, 3) * slim.conv2d(gate, 2, 1, activation_fn=tf.sigmoid)


NETWORKS = {
    "strides": lambda net: slim.conv2d(slim.conv2d(net, 2, 3, stride=2), 2, 3),
    "pools": lambda net: slim.avg_pool2d(slim.conv2d(net, 2, 3), 3, 2),
    "dilated": lambda net: slim.conv2d(slim.conv2d(net, 2, 3, rate=2), 2, 3, rate=4),
    "depthwise": lambda net: slim.separable_conv2d(net, None, 3, rate=3),
    "branches": separable,
    "concatenated": lambda net: tf.concat([net, slim.conv2d(net, 2, 5)], 3),
    "padded": lambda net: slim.conv2d(
        tf.pad(net, [(0, 0), (3, 1), (2, 0), (0, 0)]), 2, 3, stride=2, padding="VALID"
    ),
    "sliced": lambda net: slim.conv2d(net, 2, 3)[:, 1:, 2::2],
    "negative slice": lambda net: slim.conv2d(net, 2, 3)[:, -9:],
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("extent", [20, 21])
def test_gradients_reach_these_pixels_and_no_others(name, extent):
    with tf.Graph().as_default() as graph, v1.Session() as session:
        images = v1.placeholder(tf.float32, [1, extent, extent, 1])
        with slim.arg_scope(
            [slim.conv2d, slim.separable_conv2d],
            activation_fn=None,
            weights_initializer=v1.ones_initializer(),
        ):
            net = NETWORKS[name](images)
        field = receptive_field.compute_fields(graph, images)[net.op]
        i, j = (size // 2 for size in net.shape[1:3])
        [gradient] = v1.gradients(net[:, i, j], [images])
        session.run(v1.global_variables_initializer())
        values = session.run(gradient, {images: np.ones(images.shape)})
    for axis, feature, span in ((1, i, field.height), (2, j, field.width)):
        seen = np.flatnonzero(values[0, :, :, 0].any(axis=2 - axis))
        span = span.shift(feature)
        assert (seen[0], seen[-1]) == (max(span.first, 0), min(span.last, extent - 1))


@pytest.mark.parametrize(
    ("network", "size"),
    [
        (gated, (3, 3)),
        (lambda net: slim.conv2d(slim.conv2d(net, 2, 3), 2, 8, padding="VALID"), None),
        (lambda net: tf.reduce_mean(slim.conv2d(net, 2, 3), [1, 2]), None),
        (lambda net: slim.fully_connected(slim.flatten(net), 4), None),
        (lambda net: tf.transpose(net, [0, 2, 3, 1]), None),
    ],
)
def test_what_sees_the_whole_image(network, size):
    with tf.Graph().as_default() as graph:
        images = v1.placeholder(tf.float32, [1, 8, 8, 2])
        net = network(images)
        field = receptive_field.compute_fields(graph, images)[net.op]
    if field.size is not None:
        size = size or (10, 10)  # a convolution over the whole extent has a size
    assert field.size == size
    assert field.everywhere == (field.stride is None) == (size is None)


def test_dilation_by_batches():
    """SpaceToBatchND, convolution, BatchToSpaceND are one dilated convolution."""
    with tf.Graph().as_default() as graph:
        images = v1.placeholder(tf.float32, [1, 12, 12, 1])
        net = tf.space_to_batch(images, [2, 2], [[2, 2], [2, 2]])
        net = slim.conv2d(net, 1, 3, padding="VALID")
        net = tf.batch_to_space(net, [2, 2], [[0, 0], [0, 0]])
        field = receptive_field.compute_fields(graph, images)[net.op]
    assert net.shape == [1, 12, 12, 1]
    assert field.height == field.width == receptive_field.Span(1, -2, 2)
