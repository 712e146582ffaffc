"""Random erasing (arXiv:1708.04896): a rectangle of an image is overwritten."""

import math

import tensorflow as tf

from slimnets import random_numbers

_AREAS = (0.02, 0.33)  # parts of the image's
_RATIOS = (0.3, 3.3)  # height / width
_ATTEMPTS = 10


def erase(image: tf.Tensor, probability: float, mode: str) -> tf.Tensor:
    """Overwrites a rectangle, or, where the draw says so or none fits, nothing.

    Area and the logarithm of the aspect ratio are drawn evenly, as in torchvision; the
    first of ten draws that fits is taken.

    Args:
      image: float32 [height, width, channels], as the recipe returns it; static sizes.
      probability: that it is changed, in [0, 1].
      mode: what is written, one of choices.ERASING_MODES.

    Returns:
      float32 of the same shape.
    """
    height, width, _ = image.shape
    top, left, rows, columns = _draw_rectangle(height, width)
    is_erased = random_numbers.uniform([]) < probability
    noise_seed = random_numbers.draw_seed()

    def overwrite() -> tf.Tensor:
        y, x = (
            tf.range(height)[:, tf.newaxis, tf.newaxis],
            tf.range(width)[:, tf.newaxis],
        )
        inside = (y >= top) & (y < top + rows) & (x >= left) & (x < left + columns)
        if mode == "zeros":
            return tf.where(inside, 0.0, image)
        return tf.where(
            inside, tf.random.stateless_normal(image.shape, noise_seed), image
        )

    return tf.ensure_shape(tf.cond(is_erased, overwrite, lambda: image), image.shape)


def _draw_rectangle(height: int, width: int) -> tuple[tf.Tensor, ...]:
    """Returns top, left, rows and columns, int32; no rows where none fits."""
    areas = random_numbers.uniform([_ATTEMPTS], *_AREAS) * float(height * width)
    ratios = tf.exp(random_numbers.uniform([_ATTEMPTS], *map(math.log, _RATIOS)))
    sizes = tf.cast(
        tf.round(tf.sqrt(tf.stack([areas * ratios, areas / ratios], axis=1))), tf.int32
    )
    fits = tf.reduce_all(sizes < [height, width], axis=1)
    first = sizes[tf.argmax(tf.cast(fits, tf.int32))]
    first = tf.where(tf.reduce_any(fits), first, 0)
    free = tf.cast([height, width] - first + 1, tf.float32)
    corner = tf.cast(random_numbers.uniform([2]) * free, tf.int32)
    return (*tf.unstack(corner), *tf.unstack(first))
