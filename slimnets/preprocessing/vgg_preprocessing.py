"""The VGG recipe under research/slim's module and function names, for v1 graphs.

Programs for segmentation and for features take its private parts, the means above all.
"""

from collections.abc import Sequence

import tensorflow as tf

from slimnets import random_numbers
from slimnets.preprocessing import ops, vgg
from slimnets.preprocessing.vgg import (
    preprocess_for_eval,
    preprocess_for_train,
    preprocess_image,
)

__all__ = ["preprocess_for_eval", "preprocess_for_train", "preprocess_image"]

_R_MEAN, _G_MEAN, _B_MEAN = vgg.RGB_MEAN
_RESIZE_SIDE_MIN = vgg.RESIZE_SIDE_MIN
_RESIZE_SIDE_MAX = vgg.RESIZE_SIDE_MAX


def _mean_image_subtraction(image: tf.Tensor, means: Sequence[float]) -> tf.Tensor:
    """Subtracts a mean from each channel.

    Args:
      image: [height, width, channels].
      means: one a channel, in the image's unit.

    Returns:
      A tensor like `image`.

    Raises:
      ValueError: the rank is not 3, or there are more or fewer means than channels.
    """
    if image.shape.rank != 3:
        raise ValueError("Input must be of size [height, width, C>0]")
    if image.shape.as_list()[2] != len(means):
        raise ValueError("len(means) must match the number of channels")
    return image - tf.constant(list(means), image.dtype)


def _aspect_preserving_resize(
    image: tf.Tensor, smallest_side: int | tf.Tensor
) -> tf.Tensor:
    """Returns float32 of the same proportions, of that smallest side in pixels."""
    resized = ops.resize_smallest_side(image, tf.convert_to_tensor(smallest_side))
    return tf.ensure_shape(resized, [None, None, image.shape.as_list()[2]])


def _central_crop(
    image_list: Sequence[tf.Tensor], crop_height: int, crop_width: int
) -> list[tf.Tensor]:
    """Cuts the middle out of each image."""
    return [ops.central_crop(image, crop_height, crop_width) for image in image_list]


def _random_crop(
    image_list: Sequence[tf.Tensor], crop_height: int, crop_width: int
) -> list[tf.Tensor]:
    """Cuts the same part, drawn at random, out of images of one height and width."""
    offset = random_numbers.uniform([2], 0, tf.int32.max, tf.int32)
    places = tf.shape(image_list[0])[:2] - [crop_height, crop_width] + 1
    top, left = tf.unstack(offset % places)
    return [_crop(image, top, left, crop_height, crop_width) for image in image_list]


def _crop(
    image: tf.Tensor,
    offset_height: int | tf.Tensor,
    offset_width: int | tf.Tensor,
    crop_height: int,
    crop_width: int,
) -> tf.Tensor:
    """Cuts [crop_height, crop_width, channels] out at an offset from the top left."""
    channels = image.shape.as_list()[2]
    begin = tf.stack([offset_height, offset_width, 0])
    return tf.slice(image, begin, [crop_height, crop_width, channels])
