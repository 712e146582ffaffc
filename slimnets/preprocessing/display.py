"""Showing prepared images: what a recipe did to the pixels' values, undone."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

_LEAST_SPAN = 1e-3  # between black and white


def make_display(
    preprocess: Callable[[tf.Tensor], tf.Tensor], channels: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Returns the function from images that a recipe prepared to images to look at.

    The recipes shift and scale each channel, by which factor a black and a white image
    tell. One that scales each image by itself, as cifarnet does, gives nothing for
    these: its images are stretched from their darkest to their brightest value.

    Args:
      preprocess: the exact half of a recipe, uint8 [h, w, channels] -> float32.
      channels: of the images.

    Returns:
      A function from float [..., height, width, channels] to uint8 of the same shape.
    """
    flat = [
        preprocess(tf.fill([64, 64, channels], tf.constant(value, tf.uint8))).numpy()
        for value in (0, 255)
    ]
    black, white = (image.mean(axis=(0, 1)) for image in flat)

    def display(images: np.ndarray) -> np.ndarray:
        low, high = black, white
        if np.any(white - black < _LEAST_SPAN):
            axes = (-3, -2, -1)  # of each image by itself
            low = images.min(axis=axes, keepdims=True)
            high = np.maximum(images.max(axis=axes, keepdims=True), low + _LEAST_SPAN)
        shares = np.clip((images - low) / (high - low), 0, 1)
        return np.rint(shares * 255).astype(np.uint8)

    return display
