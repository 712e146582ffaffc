"""Pillow's results on an image, beside ours."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from PIL import Image


def picture(channels: int = 3) -> np.ndarray:
    """Returns uint8 [61, 47, channels]: smooth, with noise, and not of all values."""
    random = np.random.default_rng(0)
    smooth = tf.image.resize(random.uniform(0, 255, (7, 6, channels)), (61, 47))
    noisy = 0.7 * smooth.numpy() + 20 + random.normal(0, 5, smooth.shape)
    return noisy.clip(0, 255).astype(np.uint8)


def assert_same(
    ours: Callable[[tf.Tensor], tf.Tensor],
    theirs: Callable[[Image.Image], Image.Image],
    channels: int = 3,
    rounding: int = 0,
) -> None:
    """Compares what both make of the picture, to a difference of `rounding` at most."""
    image = picture(channels)
    expected = theirs(Image.fromarray(image[:, :, 0] if channels == 1 else image))
    result = ours(tf.constant(image)).numpy().astype(int)
    difference = np.abs(result - np.asarray(expected).reshape(image.shape))
    assert difference.max() <= rounding
    assert np.mean(difference > 0) < 0.01
