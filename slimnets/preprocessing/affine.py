"""Shifts, shears and turns of one uint8 image, with the pixels that Pillow picks.

Each pixel of the result is the one of the image in which the middle of it falls; what
falls outside is filled with gray. Positions are counted as Pillow's Image.transform
counts them, in 65536ths of a pixel.
"""

import math

import tensorflow as tf

FILL = 128  # of what comes from outside of the image
_ONE = 65536.0


def shear_x(image: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Moves each row by `strength` times its distance from the top."""
    return transform(image, [1.0, strength, 0.0, 0.0, 1.0, 0.0])


def shear_y(image: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Moves each column by `strength` times its distance from the left."""
    return transform(image, [1.0, 0.0, 0.0, strength, 1.0, 0.0])


def translate_x(image: tf.Tensor, pixels: tf.Tensor) -> tf.Tensor:
    """Moves an image to the left, by pixels."""
    return transform(image, [1.0, 0.0, pixels, 0.0, 1.0, 0.0])


def translate_y(image: tf.Tensor, pixels: tf.Tensor) -> tf.Tensor:
    """Moves an image up, by pixels."""
    return transform(image, [1.0, 0.0, 0.0, 0.0, 1.0, pixels])


def rotate(image: tf.Tensor, degrees: tf.Tensor) -> tf.Tensor:
    """Turns an image about its middle, counterclockwise."""
    angle = degrees * (math.pi / 180.0)
    cosine, sine = tf.cos(angle), tf.sin(angle)
    height, width = tf.unstack(tf.cast(tf.shape(image)[:2], tf.float32) / 2.0)
    left = width - cosine * width + sine * height
    top = height - sine * width - cosine * height
    return transform(image, [cosine, -sine, left, sine, cosine, top])


def transform(image: tf.Tensor, coefficients: list[float | tf.Tensor]) -> tf.Tensor:
    """Moves every pixel by an affine map (Image.transform with AFFINE and NEAREST).

    Args:
      image: uint8 [height, width, channels], of sides below 8192 pixels.
      coefficients: a, b, c, d, e, f: the pixel at (x, y) of the result is that at
        (a x + b y + c, d x + e y + f) of the image.

    Returns:
      uint8 of the same shape.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    a, b, c, d, e, f = (_to_fixed(tf.convert_to_tensor(n)) for n in coefficients)
    xs, ys = tf.range(width)[tf.newaxis], tf.range(height)[:, tf.newaxis]
    columns = _to_whole(a * xs + (b * ys + c + (a + b) // 2))
    rows = _to_whole(d * xs + (e * ys + f + (d + e) // 2))
    is_inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    places = tf.where(is_inside, rows * width + columns, height * width)
    channels = image.shape[2]
    pixels = tf.reshape(image, [-1, channels])
    filled = tf.concat([pixels, tf.fill([1, channels], tf.constant(FILL, tf.uint8))], 0)
    return tf.ensure_shape(tf.gather(filled, places), image.shape)


def _to_fixed(number: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.floor(number * _ONE + 0.5), tf.int32)


def _to_whole(fixed: tf.Tensor) -> tf.Tensor:
    return tf.bitwise.right_shift(fixed, 16)
