"""No augmentation at all: for signs, digits and the like, which fill their frame.

A photo mirrored or cropped shows the same thing; a digit does not. This recipe is not
one of research/slim's, whose lenet recipe cannot enlarge an image.
"""

import tensorflow as tf

from slimnets.preprocessing import ops
from slimnets.preprocessing.augmentation import NO_AUGMENTATION, Augmentation


def preprocess_image(
    image: tf.Tensor,
    height: int,
    width: int,
    is_training: bool = False,
    use_grayscale: bool = False,
    *,
    interpolation: str = tf.image.ResizeMethod.BILINEAR,
    augmentation: Augmentation = NO_AUGMENTATION,
) -> tf.Tensor:
    """Resizes one whole image.

    Args:
      image: [h, w, c], uint8 or float in [0, 1]; c is 1 or 3.
      height: of the result, in pixels.
      width: of the result, in pixels.
      is_training: every recipe takes it; this one does the same in both cases, unless
        augmentation is asked for.
      use_grayscale: return one channel, the luma.
      interpolation: evaluation only; one of choices.INTERPOLATIONS.
      augmentation: training only; what else is changed, or in which other way.

    Returns:
      float32 [height, width, c, or 1 if use_grayscale] in [-1, 1].

    Raises:
      InputError: the shape is not that of one image.
    """
    ops.check_resizing("plain", interpolation)
    if is_training and augmentation.crops:
        image = augmentation.cut_part(image, height, width)
    check = ops.check_image if is_training else ops.check_images
    image = ops.to_unit_range(check(image))
    if use_grayscale:
        image = ops.to_grayscale(image)
    if is_training:
        [method] = augmentation.choose_methods([tf.image.ResizeMethod.BILINEAR])
        image = ops.resize(image, height, width, method)
        image = augmentation.flip(image, mirrors=False)
        return (augmentation.recolor(image) - 0.5) * 2.0
    image = ops.resize(image, height, width, interpolation)
    if interpolation == tf.image.ResizeMethod.BICUBIC:
        image = tf.clip_by_value(image, 0.0, 1.0)
    return (image - 0.5) * 2.0
