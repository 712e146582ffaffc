"""The MNIST recipe, with values in [-1, 1): the same for training and evaluation."""

import tensorflow as tf

from slimnets.preprocessing import ops
from slimnets.preprocessing.augmentation import NO_AUGMENTATION, Augmentation


def preprocess_image(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    is_training: bool = False,
    use_grayscale: bool = False,
    *,
    augmentation: Augmentation = NO_AUGMENTATION,
) -> tf.Tensor:
    """Takes the middle of one image, with zeros around it where it is smaller.

    Args:
      image: [h, w, c], any dtype, values in [0, 255]; c is 1 or 3.
      output_height: of the result, in pixels.
      output_width: of the result, in pixels.
      is_training: every recipe takes it; this one does the same in both cases, since a
        digit turned or mirrored is another digit, unless augmentation is asked for.
      use_grayscale: return one channel, the luma.
      augmentation: training only; what else is changed, or in which other way.

    Returns:
      float32 [output_height, output_width, c, or 1 if use_grayscale] in [-1, 1).

    Raises:
      InputError: the shape is not that of one image.
    """
    if is_training:
        augmentation.require_no_resizing("lenet")
    if is_training and augmentation.crops:
        image = augmentation.crop(image, output_height, output_width)
    check = ops.check_image if is_training else ops.check_images
    image = tf.cast(check(image), tf.float32)
    if use_grayscale:
        image = ops.to_grayscale(image)
    image = ops.crop_or_pad(image, output_height, output_width)
    if is_training:
        image = augmentation.flip(image, mirrors=False)
        image = augmentation.recolor(image, largest=255.0)
    return (image - 128.0) / 128.0
