"""Padding, dilation and squeezing, by their laws."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.nets import spatial


@pytest.mark.parametrize(
    ("kernel_size", "rate", "padding"),
    [
        (1, 4, [(0, 0), (0, 0)]),
        (3, 1, [(1, 1), (1, 1)]),
        (4, 1, [(1, 2), (1, 2)]),
        ((3, 1), 2, [(2, 2), (0, 0)]),
    ],
)
def test_fixed_padding_is_what_the_kernel_overhangs(kernel_size, rate, padding):
    images = np.random.default_rng(0).normal(size=[2, 5, 6, 3])
    padded = spatial.fixed_padding(tf.constant(images), kernel_size, rate)
    np.testing.assert_array_equal(padded, np.pad(images, [(0, 0), *padding, (0, 0)]))


@pytest.mark.parametrize(
    ("output_stride", "expected"),
    [
        (None, [(2, 1), (1, 1), (2, 1), (2, 1), (1, 1)]),
        (8, [(2, 1), (1, 1), (2, 1), (2, 1), (1, 1)]),
        (32, [(2, 1), (1, 1), (2, 1), (2, 1), (1, 1)]),
        (4, [(2, 1), (1, 1), (2, 1), (1, 1), (1, 2)]),
        (2, [(2, 1), (1, 1), (1, 1), (1, 2), (1, 4)]),
        (1, [(1, 1), (1, 2), (1, 2), (1, 4), (1, 8)]),
    ],
)
def test_strides_past_the_output_stride_become_rates(output_stride, expected):
    assert (
        spatial.replace_stride_with_dilation([2, 1, 2, 2, 1], output_stride) == expected
    )


def test_an_output_stride_between_those_of_the_layers_is_refused():
    with pytest.raises(errors.InputError, match=r"output_stride=6.* from 4 to 8"):
        spatial.replace_stride_with_dilation([2, 2, 2], 6)


def test_squeezing_a_map_of_logits_says_what_to_pass_instead():
    with pytest.raises(errors.InputError, match=r"give 4x7 logits.*global_pool=True"):
        spatial.squeeze_logits(tf.zeros([2, 4, 7, 10]), "SpatialSqueeze")
    assert spatial.squeeze_logits(tf.zeros([2, 1, 1, 10]), "SpatialSqueeze").shape == [
        2,
        10,
    ]


def test_unknown_sizes_are_squeezed_when_they_turn_out_to_be_one():
    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3])])
    def squeezed(logits):
        return spatial.squeeze_logits(logits, "SpatialSqueeze")

    assert squeezed(tf.zeros([2, 1, 1, 3])).shape == [2, 3]


def test_images_without_a_batch_are_refused():
    with pytest.raises(errors.InputError, match=r"rank 4.*not 3"):
        spatial.get_static_size(tf.zeros([8, 8, 3]))


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0, 0, 1, 1, 2, 2]),
        ({"bilinear": True}, [0, 0.5, 1, 1.5, 2, 2]),
        ({"bilinear": True, "align_corners": True}, [0, 0.4, 0.8, 1.2, 1.6, 2]),
    ],
)
def test_pixels_are_repeated_or_interpolated(options, expected, dtype):
    ramp = tf.cast(tf.range(3.0)[None, None, :, None] + tf.zeros([1, 2, 1, 1]), dtype)
    net = spatial.enlarge(ramp, [3, 2], **options)
    assert net.dtype == dtype
    assert net.shape == [1, 6, 6, 1]
    rows = tf.cast(net[0, :, :, 0], tf.float32)
    np.testing.assert_allclose(rows, [expected] * 6, atol=1e-2)


def test_sizes_are_static_where_they_are_known():
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [None, 5, None, 3])
        sizes = spatial.get_sizes(images)
        assert sizes[1::2] == [5, 3]
        assert all(tf.is_tensor(size) for size in sizes[::2])
        net = spatial.enlarge(images, [2, 2])
        assert net.shape.as_list() == [None, 10, None, 3]
