"""Independent numpy computations, and pictures, that the recipes are tested against."""

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

LUMA = np.array([0.2989, 0.5870, 0.1140])


def picture(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Returns uint8 noise [height, width, channels]: every pixel matters."""
    shape = (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def both_ways(fn: Callable, image: np.ndarray) -> Iterator[np.ndarray]:
    """Yields fn(image), first eagerly, then inside tf.data with unknown sizes."""
    yield fn(tf.constant(image)).numpy()
    spec = tf.TensorSpec([None, None, image.shape[2]], image.dtype)
    images = tf.data.Dataset.from_generator(lambda: [image], output_signature=spec)
    mapped = images.map(fn)
    result = next(iter(mapped)).numpy()
    assert mapped.element_spec == tf.TensorSpec(result.shape, tf.float32)
    yield result


def bilinear(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resizes [h, w, c] as TensorFlow 1: pixel i is sampled at i * input / output."""
    for axis, size in ((0, height), (1, width)):
        length = image.shape[axis]
        at = np.arange(size) * (length / size)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, length - 1)
        weight = (at - low).reshape([-1 if a == axis else 1 for a in range(3)])
        image = (1 - weight) * image.take(low, axis) + weight * image.take(high, axis)
    return image


def middle(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cuts [height, width] out of the middle, rounding the margins down."""
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]


def gray(image: np.ndarray) -> np.ndarray:
    """Returns the luma [h, w, 1] of an RGB image."""
    return (image @ LUMA)[..., None]
