"""The MNIST recipe, to the digit."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.preprocessing import lenet
from tests.preprocessing import reference


@pytest.mark.parametrize("is_training", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_middle_is_scaled_and_never_augmented(is_training, channels):
    image = reference.picture(31, 40, channels)
    expected = (reference.middle(image, 28, 24) - 128.0) / 128.0
    for result in reference.both_ways(
        lambda x: lenet.preprocess_image(x, 28, 24, is_training), image
    ):
        np.testing.assert_array_equal(result, expected)


def test_small_images_are_padded_with_black():
    result = lenet.preprocess_image(tf.fill([2, 2, 1], 128), 4, 4).numpy()[..., 0]
    np.testing.assert_array_equal(result[1:3, 1:3], 0)
    assert (result == -1).sum() == 12


def test_gray():
    image = reference.picture(28, 28)
    result = lenet.preprocess_image(tf.constant(image), 28, 28, use_grayscale=True)
    np.testing.assert_allclose(result, reference.gray(image) / 128 - 1, atol=1e-4)
