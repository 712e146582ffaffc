"""The VGG recipe, with the ImageNet mean subtracted: VGG and ResNet.

"Very Deep Convolutional Networks for Large-Scale Image Recognition" (arXiv:1409.1556,
section 3.1), as TF-Slim implemented it: an image is resized by its smallest side, then
cropped.
"""

import tensorflow as tf

from slimnets import random_numbers
from slimnets.preprocessing import ops
from slimnets.preprocessing.augmentation import NO_AUGMENTATION, Augmentation

RESIZE_SIDE_MIN = 256
RESIZE_SIDE_MAX = 512
CROP_SIDE = 224  # the crop that a smallest side of RESIZE_SIDE_MIN was chosen for
RGB_MEAN = (123.68, 116.78, 103.94)
GRAY_MEAN = ops.compute_luma(RGB_MEAN)


def choose_side(resize_side: int, height: int, width: int) -> int:
    """Returns the smallest side to resize to, so that a crop [height, width] fits.

    It is `resize_side` itself wherever the crop fits into it. A larger crop (TF-Slim
    stopped there) gets a side in the proportion of 256 to 224, such as 342 for 299.
    """
    crop = max(height, width)
    if crop <= resize_side:
        return resize_side
    return round(crop * RESIZE_SIDE_MIN / CROP_SIDE)


def _subtract_mean(image: tf.Tensor, use_grayscale: bool) -> tf.Tensor:
    """Subtracts the mean; a gray image has the luma of the colour mean."""
    if use_grayscale:
        image = ops.to_grayscale(image)
    return image - (GRAY_MEAN if image.shape[-1] == 1 else RGB_MEAN)


def preprocess_for_train(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    resize_side_min: int = RESIZE_SIDE_MIN,
    resize_side_max: int = RESIZE_SIDE_MAX,
    use_grayscale: bool = False,
    *,
    augmentation: Augmentation = NO_AUGMENTATION,
) -> tf.Tensor:
    """Resizes one image to a random smallest side, crops it and flips it at random.

    Args:
      image: [h, w, c], any dtype, values in [0, 255].
      output_height: of the result, in pixels.
      output_width: of the result, in pixels.
      resize_side_min: least smallest side, in pixels. Both bounds grow in proportion
        where the crop would not fit into this one: see `choose_side`.
      resize_side_max: greatest smallest side, in pixels; it may be drawn too.
      use_grayscale: return one channel, the luma.
      augmentation: what else is changed, or in which other way.

    Returns:
      float32 [output_height, output_width, c, or 1 if use_grayscale], mean subtracted.
    """
    if augmentation.crops:
        image = augmentation.crop(image, output_height, output_width)
    else:
        low = choose_side(resize_side_min, output_height, output_width)
        high = round(resize_side_max * low / resize_side_min)
        side = random_numbers.uniform([], low, high + 1, tf.int32)
        [method] = augmentation.choose_methods([tf.image.ResizeMethod.BILINEAR])
        image = ops.resize_smallest_side(ops.check_image(image), side, method)
        image = ops.random_crop(image, output_height, output_width)
    image = augmentation.flip(image, mirrors=True)
    image = augmentation.recolor(image, largest=255.0)
    return _subtract_mean(image, use_grayscale)


def preprocess_for_eval(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    resize_side: int = RESIZE_SIDE_MIN,
    use_grayscale: bool = False,
    *,
    crop: float | None = None,
    interpolation: str = tf.image.ResizeMethod.BILINEAR,
) -> tf.Tensor:
    """Resizes one image to a smallest side and takes the middle.

    Args:
      image: [h, w, c] or a batch [n, h, w, c], any dtype, values in [0, 255].
      output_height: of the result, in pixels.
      output_width: of the result, in pixels.
      resize_side: smallest side, in pixels, where the crop fits: see `choose_side`.
      use_grayscale: return one channel, the luma.
      crop: the result's part of the smallest side, in (0, 1], which then decides that;
        None: resize_side does.
      interpolation: how it is resized, one of choices.INTERPOLATIONS.

    Returns:
      float32 [output_height, output_width, c, or 1 if use_grayscale], mean subtracted.
    """
    side = choose_side(resize_side, output_height, output_width)
    if crop is not None:
        side = int(max(output_height, output_width) / crop)
    image = ops.resize_smallest_side(ops.check_images(image), side, interpolation)
    if interpolation == tf.image.ResizeMethod.BICUBIC:
        image = tf.clip_by_value(image, 0.0, 255.0)
    image = ops.central_crop(image, output_height, output_width)
    return _subtract_mean(image, use_grayscale)


def preprocess_image(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    is_training: bool = False,
    resize_side_min: int = RESIZE_SIDE_MIN,
    resize_side_max: int = RESIZE_SIDE_MAX,
    use_grayscale: bool = False,
    *,
    crop: float | None = None,
    interpolation: str = tf.image.ResizeMethod.BILINEAR,
    augmentation: Augmentation = NO_AUGMENTATION,
) -> tf.Tensor:
    """Prepares one image for training or for evaluation.

    Args:
      image: [h, w, c], any dtype, values in [0, 255]; c is 1 or 3.
      output_height: of the result, in pixels.
      output_width: of the result, in pixels.
      is_training: `preprocess_for_train`, which is random, or `preprocess_for_eval`.
      resize_side_min: the smallest side for evaluation and its least value for
        training, in pixels; more where the crop would not fit: see `choose_side`.
      resize_side_max: the smallest side's greatest value, in pixels; training only.
      use_grayscale: return one channel, the luma.
      crop: evaluation only; see `preprocess_for_eval`.
      interpolation: evaluation only; one of choices.INTERPOLATIONS.
      augmentation: training only; what else is changed, or in which other way.

    Returns:
      float32 [output_height, output_width, c, or 1 if use_grayscale], mean subtracted.

    Raises:
      InputError: the shape is not that of one image.
    """
    if is_training:
        return preprocess_for_train(
            image,
            output_height,
            output_width,
            resize_side_min,
            resize_side_max,
            use_grayscale,
            augmentation=augmentation,
        )
    ops.check_resizing("vgg", interpolation, crop)
    return preprocess_for_eval(
        image,
        output_height,
        output_width,
        resize_side_min,
        use_grayscale,
        crop=crop,
        interpolation=interpolation,
    )
