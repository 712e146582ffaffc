"""BMP files of 256 colours: a byte a pixel, which is a place in the file's palette.

TensorFlow's decoder takes that byte for a shade of gray.
"""

import tensorflow as tf

# Of the header, little-endian: where each number stands, and its type.
_PIXELS, _HEADER_SIZE = 10, 14
_BITS, _COMPRESSION = 28, 30
_READ = 34  # bytes that hold all of them


def has_palette(contents: tf.Tensor) -> tf.Tensor:
    """Whether a file is a BMP of 256 colours, not compressed.

    Args:
      contents: string, the bytes of the file, of any format.
    """
    is_bmp = tf.strings.substr(contents, 0, 2) == b"BM"
    whole = is_bmp & (tf.strings.length(contents) >= _READ)
    return tf.cond(
        whole,
        lambda: (
            (_number(contents, _BITS, tf.uint16) == 8)
            & (_number(contents, _COMPRESSION, tf.int32) == 0)
        ),
        lambda: tf.constant(False),
    )


def decode_with_palette(contents: tf.Tensor) -> tf.Tensor:
    """Decodes a BMP of 256 colours; returns uint8 [height, width, 3], RGB."""
    places = tf.io.decode_bmp(contents)[:, :, 0]
    start = 14 + _number(contents, _HEADER_SIZE, tf.int32)
    length = (_number(contents, _PIXELS, tf.int32) - start) // 4 * 4
    palette = tf.io.decode_raw(tf.strings.substr(contents, start, length), tf.uint8)
    blue_green_red = tf.reshape(palette, [-1, 4])[:, :3]
    return tf.gather(blue_green_red[:, ::-1], tf.cast(places, tf.int32))


def _number(contents: tf.Tensor, place: int, dtype: tf.DType) -> tf.Tensor:
    part = tf.strings.substr(contents, place, dtype.size)
    return tf.cast(tf.io.decode_raw(part, dtype)[0], tf.int32)
