"""What NASNet's cells do to images."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets.nasnet import operations
from tests import v1_graph
from tests.goldens import fill

PLAIN = {"activation_fn": None, "biases_initializer": None}


@pytest.mark.parametrize(("data_format", "axis"), [("NHWC", 3), ("NCHW", 1)])
def test_channels_of_either_data_format(data_format, axis):
    shape = [10, 20, 30, 40]
    assert operations.get_channel_index(data_format) == axis
    assert operations.get_channel_dim(shape, data_format) == shape[axis]
    with slim.arg_scope(
        [operations.get_channel_index, operations.get_channel_dim],
        data_format=data_format,
    ):
        assert operations.get_channel_index() == axis
        assert operations.get_channel_dim(tf.TensorShape(shape)) == shape[axis]


def test_channels_of_what_are_no_images():
    with pytest.raises(errors.InputError, match="4 axes"):
        operations.get_channel_dim([10, 20])


def test_global_pool_takes_the_mean_over_height_and_width():
    images = fill.images(2, 3, 4, 5)
    np.testing.assert_allclose(
        operations.global_avg_pool(images), images.mean((1, 2)), 1e-5, 1e-6
    )
    np.testing.assert_allclose(
        operations.global_avg_pool(images.transpose(0, 3, 1, 2), "NCHW"),
        images.mean((1, 2)),
        1e-5,
        1e-6,
    )


def reduced(images, filters, stride):
    """Returns what a reduction makes of images in inference, and its weights."""
    with (
        tf.Graph().as_default(),
        tf.compat.v1.Session() as session,
        slim.arg_scope([slim.conv2d], **PLAIN),
        slim.arg_scope([slim.batch_norm], is_training=False, epsilon=0.0),
    ):
        net = operations.factorized_reduction(tf.constant(images), filters, stride)
        v1_graph.initialize(
            session,
            lambda name, shape: (
                fill.weight(name, shape)
                if name.endswith("/weights")
                else np.full(shape, float(name.endswith("variance")))
            ),
        )
        weights = {
            name: fill.weight(name, variable.shape.as_list())[0, 0]
            for name, variable in v1_graph.all_variables().items()
            if name.endswith("/weights")
        }
        return session.run(net), weights


@pytest.mark.parametrize("height_and_width", [(6, 8), (5, 7), (1, 1)])
def test_a_reduction_sees_every_second_pixel_and_those_a_pixel_further(
    height_and_width,
):
    images = fill.images(2, *height_and_width, 4)
    further = np.pad(images, [(0, 0), (0, 1), (0, 1), (0, 0)])[:, 1:, 1:]
    net, weights = reduced(images, 5, 2)
    assert {name: w.shape for name, w in weights.items()} == {
        "path1_conv/weights": (4, 2),
        "path2_conv/weights": (4, 3),
    }
    paths = [
        images[:, ::2, ::2] @ weights["path1_conv/weights"],
        further[:, ::2, ::2] @ weights["path2_conv/weights"],
    ]
    np.testing.assert_allclose(net, np.concatenate(paths, -1), 1e-4, 1e-5)


def test_a_reduction_of_stride_1_is_a_convolution():
    images = fill.images(2, 6, 8, 4)
    net, weights = reduced(images, 5, 1)
    expected = images @ weights["path_conv/weights"]
    np.testing.assert_allclose(net, expected, 1e-4, 1e-5)


def test_drop_path_drops_whole_examples_and_scales_the_others():
    images = fill.images(400, 2, 2, 3)
    net = operations.drop_path(tf.constant(images), 0.75).numpy()
    kept = net.any((1, 2, 3))
    assert 0.6 < kept.mean() < 0.9
    np.testing.assert_allclose(net[kept], images[kept] / 0.75, 1e-5)


def test_drop_path_keeps_all_where_it_is_to():
    images = tf.constant(fill.images(20, 2, 2, 3))
    np.testing.assert_array_equal(operations.drop_path(images, 1.0), images)
    with slim.arg_scope([operations.drop_path], is_training=False):
        assert operations.drop_path(images, 0.1) is images


@pytest.mark.parametrize("known", [True, False])
def test_padding_is_what_a_convolution_has_as_same(known):
    images = fill.images(2, 6, 7, 1)
    kernel = tf.ones([3, 3, 1, 1])
    signature = tf.TensorSpec(images.shape if known else [None] * 3 + [1])

    @tf.function(autograph=False, input_signature=[signature])
    def padded(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        channels_first = tf.transpose(images, [0, 3, 1, 2])
        return (
            operations.pad(images, 3, 2),
            operations.pad(channels_first, 3, 2, "NCHW"),
        )

    net, channels_first = padded(images)
    np.testing.assert_array_equal(tf.transpose(channels_first, [0, 2, 3, 1]), net)
    same = tf.nn.conv2d(images, kernel, 2, "SAME")
    np.testing.assert_allclose(tf.nn.conv2d(net, kernel, 2, "VALID"), same, 1e-5, 1e-5)
