"""Images that are rounded as an int8 file rounds them."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.inference import rounded_images


@pytest.mark.parametrize(
    ("black", "white"), [(-1.0, 1.0), (0.0, 1.0), (-0.5, 0.5), (0.0, 255.0)]
)
def test_no_level_of_an_image_lies_half_between_two_integers(black, white):
    """There, noise in the last bit would choose, in file and network differently."""
    low, high = rounded_images.choose_range(black, white)
    levels = np.linspace(black, white, 255 * 256 + 1)  # and what lies between
    steps = (levels - low) / (high - low) * 255
    assert np.abs(steps % 1 - 0.5).min() > 5e-4
    assert low <= black and high >= white
    assert round(-low / (high - low) * 255, 6) % 1 == 0


def test_the_range_is_that_of_black_and_white():
    found = rounded_images.find_range(lambda x: tf.cast(x, tf.float32) / 255, 2, 3)
    assert found == rounded_images.choose_range(0.0, 1.0)
    images = tf.constant([[0.0, 1 / 255, 1.0]])
    assert len(np.unique(rounded_images.round_to(images, found))) == 3


def test_images_of_their_own_scale_stay_as_they_are():
    def recipe(image: tf.Tensor) -> tf.Tensor:
        return tf.image.per_image_standardization(tf.cast(image, tf.float32))

    found = rounded_images.find_range(recipe, 2, 3)
    assert found is None
    images = tf.constant([0.123456])
    assert rounded_images.round_to(images, found) is images
