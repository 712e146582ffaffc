"""The integers that prepared images are rounded to, where the network is rounded.

Integer kernels take integers: an int8 file rounds its images first.
"""

import math
from collections.abc import Callable

import tensorflow as tf

Range = tuple[float, float]


def find_range(
    preprocess: Callable[[tf.Tensor], tf.Tensor], size: int, channels: int
) -> Range | None:
    """Returns the range in which a recipe's images are rounded; call it eagerly.

    Args:
      preprocess: uint8 [height, width, channels] -> float32.
      size: height and width that it is given, in pixels.
      channels: of its images.

    Returns:
      The range; None of a recipe by which black and white are the same, as where each
      image is scaled by its own deviation: its images stay as they are.
    """
    ends = [
        preprocess(tf.fill([size, size, channels], tf.cast(level, tf.uint8)))
        for level in (0, 255)
    ]
    low, high = float(tf.reduce_min(ends)), float(tf.reduce_max(ends))
    return choose_range(low, high) if low < high else None


def choose_range(black: float, white: float) -> Range:
    """Returns the range in which images are rounded to 256 integers, one of them 0.

    No level of an image lies half between two, nor what resizing most often makes of
    them, 256ths: noise in the last bit would choose there, which differs by runtime.

    Args:
      black: what a recipe gives for 0.
      white: what it gives for 255.
    """
    low, high = min(black, 0.0), max(white, 0.0)
    # Of 257.5 256ths of a level: the middles between integers are a quarter off them.
    step = (high - low) / 255 * 257.5 / 256
    zero = math.ceil(-low / step)
    return -zero * step, (255 - zero) * step


def round_to(images: tf.Tensor, within: Range | None) -> tf.Tensor:
    """Rounds prepared images within a range to 256 values; None leaves them."""
    if within is None:
        return images
    return tf.quantization.fake_quant_with_min_max_args(images, *within)
