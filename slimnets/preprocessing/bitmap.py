"""BMP files of 256 colours: a byte a pixel, which is a place in the file's palette.

TensorFlow's decoder takes that byte for a shade of gray.
"""

import tensorflow as tf

from slimnets.preprocessing import header

# Of the header, little-endian: where two numbers of 4 bytes stand.
_PIXELS, _HEADER_SIZE = 10, 14
# Then, from byte 28 on: 8 bits a pixel, and 0, no compression.
_READ = 34
_WITH_PALETTE = header.make_pattern(b"BM" + b"?" * 26 + b"\x08\0\0\0\0\0", _READ)


def has_palette(contents: tf.Tensor) -> tf.Tensor:
    """Whether a file is a BMP of 256 colours, not compressed.

    Args:
      contents: string, the bytes of the file, of any format.
    """
    return header.begins(header.read_bytes(contents, _READ), _WITH_PALETTE)


def decode_with_palette(contents: tf.Tensor) -> tf.Tensor:
    """Decodes a BMP of 256 colours; returns uint8 [height, width, 3], RGB."""
    places = tf.io.decode_bmp(contents)[:, :, 0]
    start = 14 + _number(contents, _HEADER_SIZE)
    length = (_number(contents, _PIXELS) - start) // 4 * 4
    palette = tf.io.decode_raw(tf.strings.substr(contents, start, length), tf.uint8)
    blue_green_red = tf.reshape(palette, [-1, 4])[:, :3]
    return tf.gather(blue_green_red[:, ::-1], tf.cast(places, tf.int32))


def _number(contents: tf.Tensor, place: int) -> tf.Tensor:
    return tf.io.decode_raw(tf.strings.substr(contents, place, 4), tf.int32)[0]
