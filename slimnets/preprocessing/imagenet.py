"""The recipe of torchvision's weights: ImageNet's mean and deviation of each channel.

timm's networks and the weights of keras.applications that were ported from torch (its
`mode="torch"`: DenseNet) expect the same values. What is cropped, resized, flipped and
recoloured is the Inception recipe's.
"""

import tensorflow as tf

from slimnets.preprocessing import inception, ops
from slimnets.preprocessing.augmentation import NO_AUGMENTATION, Augmentation

# Of the red, green and blue values in [0, 1] of ImageNet's training images.
RGB_MEAN = (0.485, 0.456, 0.406)
RGB_DEVIATION = (0.229, 0.224, 0.225)
GRAY_MEAN = ops.compute_luma(RGB_MEAN)
# An upper bound: channels vary together.
GRAY_DEVIATION = ops.compute_luma(RGB_DEVIATION)


def standardize(image: tf.Tensor) -> tf.Tensor:
    """Subtracts ImageNet's mean and divides by its standard deviation.

    Args:
      image: float [..., 1 or 3 channels] in [0, 1]. One channel is taken as the luma.

    Returns:
      float of the same shape, about -2.1 to 2.6.
    """
    if image.shape[-1] == 1:
        return (image - GRAY_MEAN) / GRAY_DEVIATION
    return (image - RGB_MEAN) / RGB_DEVIATION


def preprocess_image(
    image: tf.Tensor,
    height: int,
    width: int,
    is_training: bool = False,
    bbox: tf.Tensor | None = None,
    fast_mode: bool = True,
    crop_image: bool = True,
    use_grayscale: bool = False,
    *,
    crop: float = inception.CENTRAL_FRACTION,
    interpolation: str = tf.image.ResizeMethod.BILINEAR,
    augmentation: Augmentation = NO_AUGMENTATION,
) -> tf.Tensor:
    """Prepares one image for training or for evaluation.

    Args:
      image: integer [h, w, c] of its type's whole range, or float in [0, 1]; c is
        1 or 3.
      height: of the result, in pixels.
      width: of the result, in pixels.
      is_training: a random part, flipped and recoloured, or the middle.
      bbox: training only; see `inception.distorted_bounding_box_crop`.
      fast_mode: training only; see `inception.preprocess_for_train`.
      crop_image: False uses the whole image, not a part of it.
      use_grayscale: return one channel, the luma.
      crop: evaluation only; see `inception.preprocess_image`.
      interpolation: evaluation only; one of choices.INTERPOLATIONS.
      augmentation: training only; what else is changed, or in which other way.

    Returns:
      float32 [height, width, c, or 1 if use_grayscale], standardized.

    Raises:
      InputError: the shape is not that of one image.
    """
    image = inception.preprocess_image(
        image,
        height,
        width,
        is_training,
        bbox,
        fast_mode,
        crop_image=crop_image,
        use_grayscale=use_grayscale,
        crop=crop,
        interpolation=interpolation,
        augmentation=augmentation,
    )
    return standardize((image + 1.0) / 2.0)
