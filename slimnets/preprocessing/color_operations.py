"""Changes of an image's colours, with Pillow's results: ImageEnhance and ImageOps.

Functions of one uint8 image [height, width, 1 or 3]; they return another such. The
policies of policies.py are made of them, and the papers' authors used Pillow's.

They run on every image of a training. So they compute in float32, which holds such
whole numbers exactly and is done eight or more at a time, and on rows of all a line's
values, [height, width * channels]: to broadcast over three channels alone is slow.
"""

import tensorflow as tf

# Pillow's luma, in parts of 65536: whole numbers that float32 sums exactly.
_LUMA = (19595.0, 38470.0, 7471.0)


def brighten(image: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Multiplies all values: 0 gives black, 1 the image (ImageEnhance.Brightness)."""
    return _to_bytes(factor * tf.cast(image, tf.float32))


def adjust_contrast(image: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Moves values from the image's mean luma: 0 gives that (ImageEnhance.Contrast)."""
    values = tf.cast(image, tf.float32)
    mean = tf.floor(tf.reduce_mean(_compute_luma(values)) + 0.5)
    return _to_bytes(_blend(mean, values, factor))


def adjust_color(image: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Moves colours from gray: 0 gives gray, 1 the image (ImageEnhance.Color)."""
    if image.shape[2] == 1:
        return image
    values = tf.cast(image, tf.float32)
    return _to_bytes(_blend(_compute_luma(values), values, factor))


def sharpen(image: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Moves values from a smoothed image: 0 gives that (ImageEnhance.Sharpness).

    It is smoothed by ImageFilter.SMOOTH: 5 parts of a pixel, 1 of each neighbour. The
    outermost pixels stay as they are.
    """
    channels = image.shape[2]
    rows = _to_rows(image)
    of_three = rows[:-2] + rows[1:-1] + rows[2:]
    of_nine = (
        of_three[:, : -2 * channels]
        + of_three[:, channels:-channels]
        + of_three[:, 2 * channels :]
    )
    inner = rows[1:-1, channels:-channels]
    smooth = tf.floor((of_nine + 4.0 * inner) / 13.0 + 0.5)
    sides = [rows[1:-1, :channels], rows[1:-1, -channels:]]
    middle = tf.concat([sides[0], _blend(smooth, inner, factor), sides[1]], axis=1)
    result = tf.concat([rows[:1], middle, rows[-1:]], axis=0)
    return tf.reshape(_to_bytes(result), tf.shape(image))


def posterize(image: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Keeps the highest bits of each value, 0 to 8 of them (ImageOps.posterize)."""
    dropped = 8 - tf.cast(tf.round(bits), tf.int32)
    mask = tf.cast(tf.bitwise.left_shift(255, dropped) & 255, tf.uint8)
    return tf.bitwise.bitwise_and(image, mask)


def solarize(image: tf.Tensor, threshold: tf.Tensor) -> tf.Tensor:
    """Inverts values of `threshold` and above, 0 to 256 (ImageOps.solarize)."""
    values = tf.cast(image, tf.float32)
    is_inverted = tf.clip_by_value(values - (tf.math.ceil(threshold) - 1.0), 0.0, 1.0)
    return tf.cast(values + is_inverted * (255.0 - 2.0 * values), tf.uint8)


def invert(image: tf.Tensor) -> tf.Tensor:
    """Takes each value from 255 (ImageOps.invert)."""
    return 255 - image


def stretch_contrast(image: tf.Tensor) -> tf.Tensor:
    """Stretches each channel's values over 0 to 255 (ImageOps.autocontrast).

    A channel of one value stays as it is.
    """
    rows, columns = _to_rows(image), tf.shape(image)[1]
    of_columns = [-1, image.shape[2]]
    low = tf.reduce_min(tf.reshape(tf.reduce_min(rows, axis=0), of_columns), axis=0)
    high = tf.reduce_max(tf.reshape(tf.reduce_max(rows, axis=0), of_columns), axis=0)
    is_one_value = low == high
    low = tf.where(is_one_value, 0.0, low)
    span = tf.where(is_one_value, 255.0, high - low)
    stretched = (rows - tf.tile(low, [columns])) * 255.0 / tf.tile(span, [columns])
    return tf.reshape(tf.cast(stretched, tf.uint8), tf.shape(image))


def equalize(image: tf.Tensor) -> tf.Tensor:
    """Gives each channel an even histogram (ImageOps.equalize)."""
    channels = image.shape[2]
    first = tf.tile(
        [256 * channel for channel in range(channels)], [tf.shape(image)[1]]
    )
    places = tf.cast(tf.reshape(image, [tf.shape(image)[0], -1]), tf.int32) + first
    counts = tf.raw_ops.Bincount(
        arr=places, size=256 * channels, weights=tf.zeros([0], tf.int32)
    )
    table = _make_even(tf.reshape(counts, [channels, 256]))
    return tf.reshape(tf.gather(tf.reshape(table, [-1]), places), tf.shape(image))


def _make_even(counts: tf.Tensor) -> tf.Tensor:
    """Returns the new values of 256 old ones, uint8, for histograms [channels, 256]."""
    is_there = counts > 0
    last = 255 - tf.argmax(tf.reverse(is_there, [1]), axis=1, output_type=tf.int32)
    of_last = tf.gather(counts, last, batch_dims=1)
    step = ((tf.reduce_sum(counts, axis=1) - of_last) // 255)[:, tf.newaxis]
    before = tf.cumsum(counts, axis=1, exclusive=True)
    even = (before + step // 2) // tf.maximum(step, 1)
    table = tf.where(step > 0, tf.minimum(even, 255), tf.range(256))
    return tf.cast(table, tf.uint8)


def _to_rows(image: tf.Tensor) -> tf.Tensor:
    """Returns float32 [height, width * channels]."""
    return tf.cast(tf.reshape(image, [tf.shape(image)[0], -1]), tf.float32)


def _compute_luma(values: tf.Tensor) -> tf.Tensor:
    """Returns Pillow's "L" in each channel, whole numbers of the shape of `values`."""
    if values.shape[2] == 1:
        return values
    pixels = tf.reshape(values, [-1, 3])
    sums = tf.linalg.matmul(pixels, tf.constant([_LUMA] * 3), transpose_b=True)
    return tf.reshape(tf.floor((sums + 32768.0) / 65536.0), tf.shape(values))


def _blend(from_values: tf.Tensor, values: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Goes from some values towards others, or beyond (Image.blend)."""
    return from_values + factor * (values - from_values)


def _to_bytes(values: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.clip_by_value(values, 0.0, 255.0), tf.uint8)
