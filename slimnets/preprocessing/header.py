"""An image's size as its header states it, without decoding any of its pixels.

All of it is TensorFlow ops, so that an exported network does it too. They are few: each
pipeline of a process builds and optimizes them anew.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

_LENGTH = 30  # bytes that hold every size
_ANY = -1  # of a byte that a format leaves open
_ALL = 1 << 32


class _Format(NamedTuple):
    """Where a format has its size.

    Attributes:
      begins: the first bytes, "?" for any.
      height, width: places of the bytes of each number, the lowest first.
      divisor: of the numbers, for what stands below them in their bytes.
      modulus: of what is left, for what stands above them.
      added: to them.
    """

    begins: bytes
    height: tuple[int, ...]
    width: tuple[int, ...]
    divisor: tuple[int, int] = (1, 1)
    modulus: int = _ALL
    added: int = 0


_WEBP = b"RIFF????????"
_FORMATS = (
    _Format(b"\x89PNG", (23, 22, 21, 20), (19, 18, 17, 16)),
    _Format(b"GIF8", (8, 9), (6, 7)),
    _Format(b"BM", (22, 23, 24, 25), (18, 19, 20, 21)),
    _Format(_WEBP + b"VP8 ", (28, 29), (26, 27), modulus=1 << 14),
    _Format(_WEBP + b"VP8L", (22, 23, 24), (21, 22), (1 << 6, 1), 1 << 14, 1),
    _Format(_WEBP + b"VP8X", (27, 28, 29), (24, 25, 26), added=1),
)


def is_png(contents: tf.Tensor) -> tf.Tensor:
    """Whether a file, a string tensor, begins as a PNG does."""
    return tf.strings.substr(contents, 0, 4) == b"\x89PNG"


def read_size(contents: tf.Tensor) -> tf.Tensor:
    """Reads the size of an image as it is stored.

    Args:
      contents: string, the bytes of the file.

    Returns:
      int32 [height, width]; bytes that the header is too short for count as zeros, as
      do both of a format other than JPEG, PNG, GIF, BMP and WebP.
    """
    return tf.cond(
        tf.io.is_jpeg(contents),
        lambda: tf.image.extract_jpeg_shape(contents)[:2],
        lambda: _read_size_of_others(read_bytes(contents, _LENGTH)),
    )


def read_bytes(contents: tf.Tensor, count: int) -> tf.Tensor:
    """Returns the first bytes of a file, int64 [count], zeros beyond its end."""
    begin = tf.strings.substr(contents, 0, count)
    return tf.cast(tf.io.decode_raw(begin, tf.uint8, fixed_length=count), tf.int64)


def begins(head: tf.Tensor, patterns: np.ndarray) -> tf.Tensor:
    """Returns for each pattern, [patterns, bytes], whether the bytes are as it says."""
    return tf.reduce_all((head == patterns) | (patterns == _ANY), axis=-1)


def make_pattern(first: bytes, length: int) -> np.ndarray:
    """Returns int64 [length]: the bytes, "?" for any, and any after them."""
    pattern = np.full(length, _ANY)
    pattern[: len(first)] = list(first)
    pattern[pattern == ord("?")] = _ANY
    return pattern


def _read_size_of_others(head: tf.Tensor) -> tf.Tensor:
    numbers = tf.reduce_sum(head * _WEIGHTS, axis=-1)  # [formats, 2]
    numbers = numbers // _DIVISORS % _MODULI
    # The height of a BMP is negative where its first row is the topmost.
    numbers = tf.minimum(numbers, _ALL - numbers) + _ADDED
    known = begins(head, _PATTERNS)[:, tf.newaxis]
    return tf.cast(tf.reduce_sum(numbers * tf.cast(known, tf.int64), axis=0), tf.int32)


def _make_weights(places: tuple[int, ...]) -> np.ndarray:
    weights = np.zeros(_LENGTH, np.int64)
    weights[list(places)] = [1 << 8 * k for k in range(len(places))]
    return weights


_PATTERNS = np.stack([make_pattern(each.begins, _LENGTH) for each in _FORMATS])
_WEIGHTS = np.stack(
    [[_make_weights(each.height), _make_weights(each.width)] for each in _FORMATS]
)
_DIVISORS = np.array([each.divisor for each in _FORMATS])
_MODULI = np.array([[each.modulus] for each in _FORMATS])
_ADDED = np.array([[each.added] for each in _FORMATS])
