"""What is written as matrix products gives the values of TensorFlow's kernels."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.config import choices
from slimnets.preprocessing import registry, resizing

SHAPES = [(23, 31), (40, 17), (64, 64), (9, 130)]


def picture(height, width, seed=0):
    """Returns a gray-free image with both coarse and fine parts."""
    random = np.random.default_rng(seed)
    return random.integers(0, 256, [height, width, 3]).astype(np.float32)


@pytest.mark.parametrize("size", [(20, 33), (71, 12)])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("method", choices.INTERPOLATIONS)
def test_the_same_values_as_kernels(method, shape, size):
    image = tf.constant(picture(*shape))
    wanted = resizing.resize_as_v1(image, *size, method)
    smooth = resizing.resize_smoothly(image, tf.constant(size), method)
    with resizing.by_products():
        found = resizing.resize_as_v1(image, *size, method)
        smooth_found = resizing.resize_smoothly(image, tf.constant(size), method)
    np.testing.assert_allclose(found, wanted, atol=2e-3)
    np.testing.assert_allclose(smooth_found, smooth, atol=2e-3)


@pytest.mark.parametrize("products", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        "cifarnet",
        "imagenet",
        "inception(interpolation='area')",
        "lenet",
        "plain(interpolation='bicubic')",
        "standard(interpolation='bicubic')",
        "standard(squash=True)",
        "vgg",
    ],
)
def test_a_batch_is_its_images(name, products):
    recipe = registry.get_preprocessing(name)
    images = np.stack([picture(40, 51, seed) for seed in range(3)]).astype(np.uint8)
    wanted = np.stack([recipe(image, 32, 32) for image in images])
    if not products:
        np.testing.assert_allclose(recipe(images, 32, 32), wanted, atol=1e-6)
        return
    signature = [tf.TensorSpec([None, None, None, 3], tf.uint8)]
    with resizing.by_products():
        run = tf.function(lambda batch: recipe(batch, 32, 32), signature)
        found = run(images)
    np.testing.assert_allclose(found, wanted, atol=2e-4 * np.abs(wanted).max())
    assert found.shape == (3, 32, 32, 3)
