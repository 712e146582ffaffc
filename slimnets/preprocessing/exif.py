"""How a photo was held: the orientation that cameras note in a JPEG (Exif 2.32).

TensorFlow's decoder gives the pixels as the sensor had them; viewers turn them upright.
All of it is TensorFlow ops, so that an exported network does it too.
"""

import numpy as np
import tensorflow as tf

from slimnets.preprocessing import header

UPRIGHT = 1  # the pixels are stored as they are to be seen

_MARK = b"Exif\0\0"
# The segment follows the start of the file, or the 18 bytes of a JFIF segment.
_PLACES = (6, 24)
_HEAD = max(_PLACES) + len(_MARK)
_WITH_MARK = np.stack(
    [
        header.make_pattern(b"\xff\xd8" + b"?" * (place - 2) + _MARK, _HEAD)
        for place in _PLACES
    ]
)
_ORIENTATION = 0x0112  # the tag
_ENTRY = 12  # bytes: tag 2, type 2, count 4, value 4
_ENTRIES = 341  # looked at; the orientation stands among the first
_READ = _ENTRIES * _ENTRY  # bytes of the segment

# By orientation, 0 is none: whether it reverses rows and columns, and which axis of
# the result each one is.
_REVERSED = np.array(
    [(0, 0, 0)] * 2
    + [(0, 1, 0), (1, 1, 0), (1, 0, 0), (0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)],
    bool,
)
_AXES = np.array([(0, 1, 2)] * 5 + [(1, 0, 2)] * 4)


def orientation_of(contents: tf.Tensor) -> tf.Tensor:
    """Reads the orientation of a JPEG.

    Args:
      contents: string, the bytes of the file, of any format.

    Returns:
      int32 scalar from 1 to 8, as the standard numbers them; 1 where none is noted.
    """
    found = header.begins(header.read_bytes(contents, _HEAD), _WITH_MARK)
    place = tf.where(found[0], *_PLACES) + len(_MARK)
    return tf.cond(
        tf.reduce_any(found),
        lambda: _read(tf.strings.substr(contents, place, _READ)),
        lambda: tf.constant(UPRIGHT),
    )


def turn_upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turns and mirrors an image as its orientation asks for.

    Args:
      image: [height, width, channels].
      orientation: int32 scalar from 1 to 8.

    Returns:
      [height, width, channels], or [width, height, channels] for 5 to 8.
    """
    reverse = tf.gather(tf.constant(_REVERSED), orientation)
    reversed_image = tf.raw_ops.Reverse(tensor=image, dims=reverse)
    turned = tf.transpose(reversed_image, tf.gather(_AXES, orientation))
    return tf.ensure_shape(turned, [None, None, image.shape[2]])


def swaps_sides(orientation: tf.Tensor) -> tf.Tensor:
    """Whether turning an image upright swaps its height and width."""
    return orientation >= 5


def _read(segment: tf.Tensor) -> tf.Tensor:
    """Reads the orientation off a TIFF header and its first directory of entries."""
    # Zeros beyond the end of the file, and beyond what is read of it.
    values = tf.cast(
        tf.io.decode_raw(segment, tf.uint8, fixed_length=2 * _READ + 1), tf.int32
    )
    first, second = values[:-1], values[1:]
    little = values[0] == ord("I")
    # Every number of 2 bytes, by the place where it begins.
    numbers = tf.where(little, first + 256 * second, 256 * first + second)
    # The directory's place has 4 bytes; where it is within reach, 2 of them are zero.
    low, high = tf.unstack(tf.where(little, numbers[4:7:2], numbers[6:3:-2]))
    reachable = (high == 0) & (low < _READ - 2)
    directory = tf.where(reachable, low, _READ - 2)
    count = numbers[directory]
    entries = tf.reshape(tf.slice(numbers, [directory + 2], [_READ]), [-1, _ENTRY])
    noted = (entries[:, 0] == _ORIENTATION) & (tf.range(_ENTRIES) < count)
    orientation = tf.reduce_max(tf.where(noted, entries[:, 8], 0))
    sound = (orientation >= 1) & (orientation <= 8)
    return tf.where(sound, orientation, UPRIGHT)
