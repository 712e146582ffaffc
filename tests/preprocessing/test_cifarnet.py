"""The CIFAR-10 recipe: the evaluation half to the digit, the other by statistics."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.preprocessing import cifarnet
from tests.preprocessing import reference


def standardized(image: np.ndarray) -> np.ndarray:
    deviation = max(image.std(), image.size**-0.5)
    return (image - image.mean()) / deviation


@pytest.mark.parametrize("channels", [1, 3])
def test_eval_standardizes_the_middle(channels):
    image = reference.picture(37, 41, channels)
    expected = standardized(reference.middle(image, 24, 32).astype(np.float64))
    for result in reference.both_ways(
        lambda x: cifarnet.preprocess_image(x, 24, 32), image
    ):
        np.testing.assert_allclose(result, expected, atol=1e-5)


def test_eval_pads_small_images_with_zeros():
    image = reference.picture(5, 6)
    padded = np.zeros((8, 10, 3))
    padded[1:6, 2:8] = image
    result = cifarnet.preprocess_image(tf.constant(image), 8, 10)
    np.testing.assert_allclose(result, standardized(padded), atol=1e-5)


def test_gray_is_taken_before_standardizing():
    image = reference.picture(32, 32)
    result = cifarnet.preprocess_image(tf.constant(image), 32, 32, use_grayscale=True)
    np.testing.assert_allclose(result, standardized(reference.gray(image)), atol=1e-3)


def test_a_blank_image_does_not_divide_by_zero():
    result = cifarnet.preprocess_image(tf.fill([32, 32, 3], 7), 32, 32)
    np.testing.assert_array_equal(result, np.zeros([32, 32, 3]))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("use_grayscale", [True, False])
@pytest.mark.parametrize("size", [(32, 32), (5, 70)])
def test_train_is_standardized_whatever_the_size(channels, use_grayscale, size):
    preprocess = partial(
        cifarnet.preprocess_image,
        output_height=32,
        output_width=30,
        is_training=True,
        use_grayscale=use_grayscale,
    )
    for result in reference.both_ways(preprocess, reference.picture(*size, channels)):
        assert result.shape == (32, 30, 1 if use_grayscale else channels)
        assert abs(result.mean()) < 1e-4
        assert abs(result.std() - 1) < 1e-3


def test_train_shifts_by_up_to_the_padding_and_flips_half():
    image = np.zeros((9, 9, 1), np.uint8)
    image[4, 2] = 255  # left of the middle; where it ends up says what was done
    tf.random.set_seed(0)
    places = []
    for _ in range(300):
        result = cifarnet.preprocess_image(
            tf.constant(image), 9, 9, is_training=True, padding=2
        )
        places.append(np.unravel_index(np.argmax(result), (9, 9)))
    rows, columns = np.array(places).T
    assert set(rows) == {2, 3, 4, 5, 6}
    assert set(columns) == {0, 1, 2, 3, 4, 5, 6, 7, 8}  # 0 to 4, or mirrored 4 to 8
    assert 0.3 < np.mean(columns < 4) < 0.5  # 4 of 5 shifts, half of the images


def test_train_changes_contrast_within_the_stated_bounds():
    # Contrast scales the stripes inside the channels, not the gap between channels.
    stripes = np.where(np.arange(8) % 2, 10, -10)[:, None, None]
    image = tf.constant(np.broadcast_to(stripes + np.array([80, 120, 160]), [8, 8, 3]))
    tf.random.set_seed(0)
    factors = []
    for _ in range(100):
        result = cifarnet.preprocess_image(image, 8, 8, is_training=True, padding=0)
        red, _, blue = np.moveaxis(result.numpy(), -1, 0)
        factors.append(red.std() / (blue.mean() - red.mean()) * 80 / 10)
    assert 0.199 < min(factors) < 0.35 and 1.65 < max(factors) < 1.801


def test_image_summaries_are_refused():
    with pytest.raises(errors.InputError, match="cannot write summaries"):
        cifarnet.preprocess_image(tf.zeros([8, 8, 3]), 8, 8, add_image_summaries=True)
