"""An image's size as its header states it, without decoding any of its pixels.

All of it is TensorFlow ops, so that an exported network does it too.
"""

import tensorflow as tf

# Where size stands in a GIF and a BMP, little-endian: width, then height.
_GIF_SIZE, _BMP_SIZE = 6, 18
# Of a WebP: its first chunk's name, and where each kind has the size.
_WEBP_KIND, _WEBP_END = 12, 30
_LOSSY_SIZE, _LOSSLESS_SIZE, _EXTENDED_SIZE = 26, 21, 24
_14_BITS = (1 << 14) - 1


def is_png(contents: tf.Tensor) -> tf.Tensor:
    """Whether a file, a string tensor, begins as a PNG does."""
    return tf.strings.substr(contents, 0, 4) == b"\x89PNG"


def read_size(contents: tf.Tensor) -> tf.Tensor:
    """Reads the size of an image as it is stored.

    Args:
      contents: string, the bytes of the file.

    Returns:
      int32 [height, width]; zeros where the header is too short, or of another format
      than JPEG, PNG, GIF, BMP and WebP.
    """
    return tf.cond(
        tf.io.is_jpeg(contents),
        lambda: tf.image.extract_jpeg_shape(contents)[:2],
        lambda: tf.cond(
            is_png(contents),
            lambda: _read_size_of_png(contents),
            lambda: _read_size_of_others(contents),
        ),
    )


def _read_size_of_png(contents: tf.Tensor) -> tf.Tensor:
    # After a signature of 8 bytes, a length and a name of 4 each.
    width_and_height = _numbers(contents, 16, 2, tf.int32, little_endian=False)
    return width_and_height[::-1]


def _read_size_of_others(contents: tf.Tensor) -> tf.Tensor:
    begins = tf.strings.substr(contents, 0, 4)
    return tf.case(
        [
            (begins == b"GIF8", lambda: _numbers(contents, _GIF_SIZE, 2, tf.uint16)),
            (
                tf.strings.substr(contents, 0, 2) == b"BM",
                lambda: tf.abs(_numbers(contents, _BMP_SIZE, 2, tf.int32)),
            ),
            (begins == b"RIFF", lambda: _read_size_of_webp(contents)),
        ],
        default=lambda: tf.zeros([2], tf.int32),
    )[::-1]


def _read_size_of_webp(contents: tf.Tensor) -> tf.Tensor:
    """Returns int32 [width, height]."""
    long_enough = tf.strings.length(contents) >= _WEBP_END
    place = tf.where(long_enough, _WEBP_KIND, 0)
    kind = tf.strings.substr(contents, place, 4)  # or RIFF

    def lossless() -> tf.Tensor:
        [bits] = tf.unstack(_numbers(contents, _LOSSLESS_SIZE, 1, tf.int32))
        width, height = bits, tf.bitwise.right_shift(bits, 14)
        return tf.bitwise.bitwise_and(tf.stack([width, height]), _14_BITS) + 1

    def extended() -> tf.Tensor:
        parts = tf.reshape(_numbers(contents, _EXTENDED_SIZE, 6, tf.uint8), [2, 3])
        return tf.reduce_sum(parts * [1, 1 << 8, 1 << 16], axis=1) + 1

    return tf.case(
        [
            (
                kind == b"VP8 ",
                lambda: tf.bitwise.bitwise_and(
                    _numbers(contents, _LOSSY_SIZE, 2, tf.uint16), _14_BITS
                ),
            ),
            (kind == b"VP8L", lossless),
            (kind == b"VP8X", extended),
        ],
        default=lambda: tf.zeros([2], tf.int32),
    )


def _numbers(
    contents: tf.Tensor,
    place: int,
    count: int,
    dtype: tf.DType,
    little_endian: bool = True,
) -> tf.Tensor:
    """Returns int32 [count], numbers of a type; zeros where the file ends before."""
    size = count * dtype.size
    part = tf.cond(
        tf.strings.length(contents) >= place + size,
        lambda: tf.strings.substr(contents, place, size),
        lambda: tf.constant(b"\0" * size),
    )
    numbers = tf.io.decode_raw(part, dtype, little_endian)
    return tf.ensure_shape(tf.cast(numbers, tf.int32), [count])
