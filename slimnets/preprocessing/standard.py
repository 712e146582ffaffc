"""The recipe of torchvision's and timm's published weights, with its settings.

An image is resized by its smallest side with antialiasing, as Pillow does it, and the
middle is taken; each channel loses its mean and is divided by its deviation. Training
crops, flips and recolours as the Inception recipe does.
"""

from collections.abc import Sequence

import tensorflow as tf

from slimnets import errors
from slimnets.preprocessing import imagenet, inception, ops, resizing
from slimnets.preprocessing.augmentation import NO_AUGMENTATION, Augmentation


def preprocess_for_eval(
    image: tf.Tensor,
    height: int,
    width: int,
    crop: float = 0.875,
    interpolation: str = "bilinear",
    squash: bool = False,
) -> tf.Tensor:
    """Resizes one image and takes the middle.

    Args:
      image: integer [h, w, c] of its type's whole range, or float in [0, 1]; or a
        batch [n, h, w, c].
      height: of the result, in pixels.
      width: of the result, in pixels.
      crop: the result's part of the resized image's side, in (0, 1]: 0.875 resizes to
        256 for a result of 224.
      interpolation: one of choices.INTERPOLATIONS.
      squash: resize to a square, whatever the image's aspect ratio.

    Returns:
      float32 [height, width, c] in [0, 1].
    """
    image = ops.to_unit_range(ops.check_images(image))
    sides = [int(height / crop), int(width / crop)]
    size = sides if squash else _fit_around(image, sides)
    image = resizing.resize_smoothly(image, tf.convert_to_tensor(size), interpolation)
    image = ops.central_crop(image, height, width)
    return tf.clip_by_value(image, 0.0, 1.0)  # bicubic goes beyond


def _fit_around(image: tf.Tensor, sides: Sequence[int]) -> tf.Tensor:
    """Returns the size, in an image's aspect ratio, that just holds `sides`.

    The longer side is rounded down, as in torchvision and timm.
    """
    height, width = tf.unstack(tf.cast(ops.get_sides(image), tf.float32))
    scale = tf.maximum(sides[0] / height, sides[1] / width)
    # A whole number that division missed by a bit stays that number.
    fitted = tf.cast(tf.stack([height, width]) * scale + 1e-3, tf.int32)
    return tf.maximum(fitted, sides)


def preprocess_image(
    image: tf.Tensor,
    height: int,
    width: int,
    is_training: bool = False,
    mean: Sequence[float] = imagenet.RGB_MEAN,
    deviation: Sequence[float] = imagenet.RGB_DEVIATION,
    crop: float = 0.875,
    interpolation: str = "bilinear",
    squash: bool = False,
    use_grayscale: bool = False,
    *,
    augmentation: Augmentation = NO_AUGMENTATION,
) -> tf.Tensor:
    """Prepares one image for training or for evaluation.

    Args:
      image: integer [h, w, c] of its type's whole range, or float in [0, 1]; c is
        1 or 3.
      height: of the result, in pixels.
      width: of the result, in pixels.
      is_training: a random part, flipped and recoloured, or the middle.
      mean: of the red, green and blue values in [0, 1].
      deviation: what their distance to the mean is divided by, > 0.
      crop: evaluation only; see `preprocess_for_eval`.
      interpolation: evaluation only; see `preprocess_for_eval`.
      squash: evaluation only; see `preprocess_for_eval`.
      use_grayscale: return one channel, the luma.
      augmentation: training only; what else is changed, or in which other way.

    Returns:
      float32 [height, width, c, or 1 if use_grayscale], standardized.

    Raises:
      InputError: the shape is not that of one image, or a setting is out of range.
    """
    _check(mean, deviation)
    ops.check_resizing("standard", interpolation, crop)
    if is_training:
        image = inception.preprocess_for_train(
            image,
            height,
            width,
            use_grayscale=use_grayscale,
            augmentation=augmentation,
        )
        image = (image + 1.0) / 2.0
    else:
        image = preprocess_for_eval(image, height, width, crop, interpolation, squash)
        image = ops.to_grayscale(image) if use_grayscale else image
    if image.shape[-1] == 1:
        return (image - ops.compute_luma(mean)) / ops.compute_luma(deviation)
    return (image - tuple(mean)) / tuple(deviation)


def _check(mean: Sequence[float], deviation: Sequence[float]) -> None:
    if len(mean) != 3 or len(deviation) != 3 or min(deviation) <= 0:
        raise errors.InputError(
            "mean and deviation of the recipe standard have three numbers each, red,"
            f" green and blue, the deviation's above 0; got {mean} and {deviation}"
        )
