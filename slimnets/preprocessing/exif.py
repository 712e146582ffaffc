"""How a photo was held: the orientation that cameras note in a JPEG (Exif 2.32).

TensorFlow's decoder gives the pixels as the sensor had them; viewers turn them upright.
All of it is TensorFlow ops, so that an exported network does it too.
"""

import tensorflow as tf

UPRIGHT = 1  # the pixels are stored as they are to be seen

_MARK = b"Exif\0\0"
# The segment follows the start of the file, or the 18 bytes of a JFIF segment.
_PLACES = (6, 24)
_READ = 4096  # of the segment; the orientation stands among its first entries
_ORIENTATION = 0x0112  # the tag
_ENTRY = 12  # bytes: tag 2, type 2, count 4, value 4


def orientation_of(contents: tf.Tensor) -> tf.Tensor:
    """Reads the orientation of a JPEG.

    Args:
      contents: string, the bytes of the file, of any format.

    Returns:
      int32 scalar from 1 to 8, as the standard numbers them; 1 where none is noted.
    """
    head = tf.strings.substr(contents, 0, max(_PLACES) + len(_MARK))
    found = [_holds(head, place) for place in _PLACES]
    is_jpeg = tf.strings.substr(head, 0, 2) == b"\xff\xd8"
    place = tf.where(found[0], *_PLACES) + len(_MARK)
    return tf.cond(
        is_jpeg & (found[0] | found[1]),
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
    upside_down = tf.reduce_any(orientation == [3, 4, 6, 7])
    mirrored = tf.reduce_any(orientation == [2, 3, 7, 8])
    axes = tf.boolean_mask([0, 1], tf.stack([upside_down, mirrored]))
    sides = tf.where(swaps_sides(orientation), [1, 0, 2], [0, 1, 2])
    turned = tf.transpose(tf.reverse(image, axes), sides)
    return tf.ensure_shape(turned, [None, None, image.shape[2]])


def swaps_sides(orientation: tf.Tensor) -> tf.Tensor:
    """Whether turning an image upright swaps its height and width."""
    return orientation >= 5


def _holds(head: tf.Tensor, place: int) -> tf.Tensor:
    long_enough = tf.strings.length(head) >= place + len(_MARK)
    part = tf.strings.substr(head, tf.where(long_enough, place, 0), len(_MARK))
    return long_enough & (part == _MARK)


def _read(segment: tf.Tensor) -> tf.Tensor:
    """Reads the orientation off a TIFF header and its first directory of entries."""
    size = tf.strings.length(segment)
    padded = tf.strings.join([segment, "\0\0\0\0"])  # so that it is never empty
    values = tf.cast(tf.io.decode_raw(padded, tf.uint8), tf.int32)
    little = values[0] == ord("I")

    def number(place: tf.Tensor, length: int) -> tf.Tensor:
        """Returns unsigned integers of 2 or 4 bytes; 0 where the segment ends first."""
        ends = place + length > size
        start = tf.where(ends, 0, place)[..., tf.newaxis]
        parts = tf.gather(values, start + tf.range(length))
        parts = tf.where(little, parts[..., ::-1], parts)
        weights = tf.constant([1 << 8 * k for k in reversed(range(length))], tf.int64)
        whole = tf.reduce_sum(tf.cast(parts, tf.int64) * weights, -1)
        return tf.cast(tf.where(ends, tf.zeros_like(whole), whole), tf.int32)

    def search() -> tf.Tensor:
        directory = tf.clip_by_value(number(tf.constant(4), 4), 0, size)
        count = tf.minimum(number(directory, 2), _READ // _ENTRY)
        entries = directory + 2 + _ENTRY * tf.range(count)
        noted = tf.where(number(entries, 2) == _ORIENTATION, number(entries + 8, 2), 0)
        orientation = tf.reduce_max(tf.concat([noted, [0]], 0))
        sound = (orientation >= 1) & (orientation <= 8)
        return tf.where(sound, orientation, UPRIGHT)

    return tf.cond(size >= 8, search, lambda: tf.constant(UPRIGHT))
