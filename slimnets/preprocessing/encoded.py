"""An image that is not decoded yet, for recipes that use a part of it.

Decoding takes most of a CPU's time for photos. A recipe that draws its crop first can
have that part alone, and at half or a quarter of the size if that is enough.
"""

from typing import Any

import tensorflow as tf

from slimnets.config.reading import MAX_PIXELS
from slimnets.preprocessing import bitmap, exif, header

# In TensorFlow's JPEG decoder: the size of the whole image divided by the result's.
_RATIOS = (1, 2, 4, 8)


class Encoded:
    """An image file in memory; what takes a tensor takes it as the decoded image.

    It is decoded as a photo viewer shows it: turned upright where a JPEG notes how the
    camera was held, in the colours of its palette where a BMP has one.

    Attributes:
      shape: [None, None, channels].
      dtype: uint8.
    """

    dtype = tf.uint8

    def __init__(
        self,
        contents: tf.Tensor,
        channels: int,
        upright: bool = True,
        max_pixels: int = MAX_PIXELS,
    ):
        """Wraps an image.

        Args:
          contents: string, the bytes of a JPEG, PNG, GIF, BMP or WebP file.
          channels: to decode to: 1 for gray, 3 for RGB.
          upright: False leaves a JPEG's pixels as they are stored.
          max_pixels: to decode none of an image that its header says has more raises
            tf.errors.InvalidArgumentError.
        """
        self._stored_size = header.read_size(contents)
        pixels = tf.reduce_prod(tf.cast(self._stored_size, tf.int64))
        # Without the branch that tf.debugging.Assert puts around it: many are run.
        within = tf.raw_ops.Assert(
            condition=pixels <= max_pixels,
            data=[f"an image has more than {max_pixels} pixels:", self._stored_size],
            summarize=2,
        )
        with tf.control_dependencies([within] if within is not None else []):
            self._contents = tf.identity(contents)
        self._channels = channels
        self._orientation = (
            exif.orientation_of(contents) if upright else tf.constant(exif.UPRIGHT)
        )
        self.shape = tf.TensorShape([None, None, channels])

    def whole(self) -> tf.Tensor:
        """Decodes it; returns uint8 [height, width, channels]."""
        turned = self._orientation != exif.UPRIGHT
        plain = tf.io.is_jpeg(self._contents) | header.is_png(self._contents)
        whole = tf.cond(plain & ~turned, self._decode_plain, self._decode_any)
        return tf.ensure_shape(whole, self.shape)

    def size(self) -> tf.Tensor:
        """Reads int32 [height, width] off the header, where a JPEG or PNG has it.

        That of other formats need not be the picture's: the frames of a GIF may be
        smaller than the screen that its header states.
        """
        known = tf.io.is_jpeg(self._contents) | header.is_png(self._contents)
        return tf.cond(
            known, self._turn_stored_size, lambda: tf.shape(self.whole())[:2]
        )

    def part(
        self, begin: tf.Tensor, size: tf.Tensor, least: tuple[int, int] | None
    ) -> tf.Tensor:
        """Decodes a part; see `cut_part`."""
        as_stored = tf.io.is_jpeg(self._contents) & (self._orientation == exif.UPRIGHT)
        return tf.cond(
            as_stored,
            lambda: self._decode_part_of_jpeg(begin, size, least),
            lambda: _cut(self.whole(), begin, size),
        )

    def _decode_plain(self) -> tf.Tensor:
        """Decodes a JPEG or PNG whose pixels are stored upright."""
        return tf.io.decode_image(
            self._contents, self._channels, expand_animations=False
        )

    def _decode_any(self) -> tf.Tensor:
        """Decodes all there is, by way of RGB: TensorFlow has no gray for most."""
        image = tf.cond(
            bitmap.has_palette(self._contents),
            lambda: bitmap.decode_with_palette(self._contents),
            lambda: tf.io.decode_image(self._contents, 3, expand_animations=False),
        )
        image = tf.ensure_shape(image, [None, None, 3])
        image = exif.turn_upright(image, self._orientation)
        return image if self._channels == 3 else tf.image.rgb_to_grayscale(image)

    def _decode_part_of_jpeg(
        self, begin: tf.Tensor, size: tf.Tensor, least: tuple[int, int] | None
    ) -> tf.Tensor:
        if least is None:
            return self._decode_full_part(begin, size)
        enough = tf.reduce_min(size // tf.constant(least, tf.int32))
        fitting = sum(tf.cast(enough >= ratio, tf.int32) for ratio in _RATIOS[1:])
        smaller = [
            lambda ratio=ratio: self._decode_scaled_part(
                begin // ratio, size // ratio, ratio
            )
            for ratio in _RATIOS[1:]
        ]
        return tf.switch_case(
            fitting, [lambda: self._decode_full_part(begin, size), *smaller]
        )

    def _decode_full_part(self, begin: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
        return tf.io.decode_and_crop_jpeg(
            self._contents,
            tf.concat([begin, size], axis=0),
            self._channels,
        )

    def _decode_scaled_part(
        self, begin: tf.Tensor, size: tf.Tensor, ratio: int
    ) -> tf.Tensor:
        decoded = tf.io.decode_jpeg(self._contents, self._channels, ratio)
        return _cut(decoded, begin, size)

    def _turn_stored_size(self) -> tf.Tensor:
        size = self._stored_size
        return tf.where(exif.swaps_sides(self._orientation), size[::-1], size)


def read_size(image: tf.Tensor | Encoded) -> tf.Tensor:
    """Returns int32 [height, width] of an image, decoded or not."""
    return image.size() if isinstance(image, Encoded) else tf.shape(image)[:2]


def cut_part(
    image: tf.Tensor | Encoded,
    begin: tf.Tensor,
    size: tf.Tensor,
    least: tuple[int, int] | None = None,
) -> tf.Tensor:
    """Cuts a part out of an image; decodes no more than that of an encoded one.

    Args:
      image: [height, width, channels].
      begin: int32 [2], the part's top and left.
      size: int32 [2], its height and width.
      least: height and width that suffice: a part of a JPEG that has 2, 4 or 8 times
        as many pixels in both directions comes that much smaller. None: all pixels.

    Returns:
      [part height, part width, channels], or smaller, of the image's type.
    """
    if isinstance(image, Encoded):
        return image.part(begin, size, least)
    return _cut(image, begin, size)


def _cut(image: tf.Tensor, begin: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    top, left = tf.unstack(begin)
    height, width = tf.unstack(size)
    return tf.slice(image, [top, left, 0], [height, width, image.shape[2]])


def _convert_to_tensor(
    image: Encoded,
    dtype: tf.DType | None = None,
    name: Any = None,
    as_ref: bool = False,
) -> tf.Tensor:
    if dtype not in (None, tf.uint8):
        return NotImplemented
    return image.whole()


tf.register_tensor_conversion_function(Encoded, _convert_to_tensor)
