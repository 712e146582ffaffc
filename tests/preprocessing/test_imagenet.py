"""The recipe of torchvision's weights: Inception's, standardized as ImageNet's."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.preprocessing import imagenet, inception
from tests.preprocessing import reference

MEAN = np.array([0.485, 0.456, 0.406])
DEVIATION = np.array([0.229, 0.224, 0.225])


@pytest.mark.parametrize("size", [(64, 64), (37, 53)])
def test_eval_is_the_resized_middle_standardized(size):
    image = reference.picture(*size)
    top, left = (int((side - side * 0.875) / 2) for side in size)
    part = image[top : size[0] - top, left : size[1] - left] / 255
    expected = (reference.bilinear(part, 21, 33) - MEAN) / DEVIATION
    for result in reference.both_ways(
        lambda x: imagenet.preprocess_image(x, 21, 33), image
    ):
        np.testing.assert_allclose(result, expected, atol=1e-4)


@pytest.mark.parametrize("crop_image", [True, False])
def test_train_is_inceptions_standardized(crop_image):
    image = tf.constant(reference.picture(41, 29))

    def drawn(recipe):
        tf.random.set_seed(3)
        return recipe.preprocess_image(
            image, 24, 16, True, fast_mode=False, crop_image=crop_image
        ).numpy()

    in_unit_range = drawn(inception) / 2 + 0.5
    expected = (in_unit_range - MEAN) / DEVIATION
    np.testing.assert_allclose(drawn(imagenet), expected, atol=1e-5)


def test_a_gray_image_has_the_luma_of_the_mean():
    mean = np.broadcast_to(np.float32(MEAN), (8, 8, 3))
    result = imagenet.preprocess_image(tf.constant(mean), 8, 8, use_grayscale=True)
    assert result.shape == (8, 8, 1)
    np.testing.assert_allclose(result, 0, atol=1e-4)


def test_black_and_white():
    extremes = imagenet.standardize(tf.constant([[0.0] * 3, [1.0] * 3]))
    np.testing.assert_allclose(
        extremes,
        [[-2.1179, -2.0357, -1.8044], [2.2489, 2.4286, 2.6400]],
        atol=1e-4,
    )
