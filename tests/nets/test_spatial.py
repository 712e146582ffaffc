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
