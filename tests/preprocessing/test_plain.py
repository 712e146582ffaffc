"""The recipe without augmentation."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.preprocessing import plain
from tests.preprocessing import reference


@pytest.mark.parametrize("is_training", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_whole_image_is_resized_and_scaled(is_training, channels):
    image = reference.picture(8, 9, channels)
    expected = reference.bilinear(image, 24, 20) / 127.5 - 1.0
    for result in reference.both_ways(
        lambda x: plain.preprocess_image(x, 24, 20, is_training), image
    ):
        np.testing.assert_allclose(result, expected, atol=1e-5)


def test_gray():
    image = reference.picture(8, 8)
    result = plain.preprocess_image(tf.constant(image), 8, 8, use_grayscale=True)
    np.testing.assert_allclose(result, reference.gray(image) / 127.5 - 1, atol=1e-4)
