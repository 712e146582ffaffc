"""Image operations against numpy, and that what is drawn can be drawn again."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.preprocessing import ops
from tests.preprocessing import reference


@pytest.mark.parametrize("size", [(7, 5), (20, 30), (13, 17)])
def test_resize_samples_where_tensorflow_1_did(size):
    image = reference.picture(13, 17)
    np.testing.assert_allclose(
        ops.resize(image, *size), reference.bilinear(image, *size), atol=1e-3
    )


def test_resize_is_not_that_of_tensorflow_2():
    image = reference.picture(13, 17)
    difference = ops.resize(image, 7, 5) - tf.image.resize(image, [7, 5])
    assert tf.reduce_max(tf.abs(difference)) > 10


@pytest.mark.parametrize(
    ("size", "resized"),
    [
        ((50, 100), (32, 64)),
        ((100, 51), (63, 32)),
        ((33, 33), (32, 32)),
        ((1, 9), (32, 288)),
    ],
)
def test_smallest_side_is_exact_and_the_other_rounded(size, resized):
    image = ops.resize_smallest_side(reference.picture(*size), 32)
    assert image.shape == (*resized, 3)


def test_central_crop_rounds_margins_down():
    image = reference.picture(9, 12)
    cropped = ops.central_crop(tf.constant(image), 4, 5)
    np.testing.assert_array_equal(cropped, reference.middle(image, 4, 5))


@pytest.mark.parametrize("fraction", [0.875, 0.5, 1.0])
def test_central_part_is_tensorflows_own(fraction):
    for size in (1, 2, 7, 8, 15, 224, 375, 500):
        image = tf.reshape(tf.range(size), [size, 1, 1])
        expected = tf.image.central_crop(image, fraction)
        np.testing.assert_array_equal(
            ops.crop_central_fraction(image, fraction), expected
        )


def test_pad_to_at_least_centres_and_leaves_larger_sides():
    image = reference.picture(3, 9) + 1
    padded = ops.pad_to_at_least(tf.constant(image), 6, 6).numpy()
    np.testing.assert_array_equal(padded[1:4], image)
    assert padded.shape == (6, 9, 3)
    assert not padded[0].any() and not padded[4:].any()


def test_random_crops_reach_every_offset():
    image = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    tf.random.set_seed(1)
    corners = {
        int(ops.random_crop(tf.constant(image), 1, 2)[0, 0, 0]) for _ in range(60)
    }
    assert corners == {0, 1, 3, 4}


def test_one_of_draws_every_branch_and_repeats_with_the_seed():
    branches = [lambda i=i: tf.constant(i) for i in range(4)]

    def draws():
        tf.random.set_seed(3)
        return [int(ops.run_one_of(branches)) for _ in range(60)]

    assert set(draws()) == {0, 1, 2, 3}
    assert draws() == draws()


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 4), (1, 8, 8, 3)])
def test_what_is_not_one_image_is_refused(shape):
    with pytest.raises(errors.InputError, match="takes one image"):
        ops.check_image(tf.zeros(shape))


def test_unknown_channels_are_refused():
    @tf.function(input_signature=[tf.TensorSpec([None, None, None])], autograph=False)
    def traced(image):
        return ops.check_image(image)

    with pytest.raises(errors.InputError, match="channels=3"):
        traced.get_concrete_function()


def test_the_luma_of_a_colour_is_that_of_a_picture_of_it():
    colour = (0.2, 0.5, 0.9)
    gray = ops.to_grayscale(tf.constant(colour, shape=[1, 1, 3]))
    np.testing.assert_allclose(gray, ops.compute_luma(colour), atol=1e-6)
