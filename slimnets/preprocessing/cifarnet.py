"""The CIFAR-10 recipe: small images, each standardized by itself."""

import tensorflow as tf

from slimnets.preprocessing import ops
from slimnets.preprocessing.augmentation import NO_AUGMENTATION, Augmentation

PADDING = 4


def preprocess_for_train(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    padding: int = PADDING,
    *,
    use_grayscale: bool = False,
    augmentation: Augmentation = NO_AUGMENTATION,
) -> tf.Tensor:
    """Pads one image, then crops, flips, brightens and contrasts it at random.

    Args:
      image: [h, w, c], any dtype, values in [0, 255].
      output_height: of the result, in pixels.
      output_width: of the result, in pixels.
      padding: zeros added to each of the four sides, in pixels. An image still smaller
        than the result gets as many more as it needs.
      use_grayscale: return one channel, the luma.
      augmentation: what else is changed, or in which other way.

    Returns:
      float32 [output_height, output_width, c, or 1 if use_grayscale], of mean 0 and
        variance 1 over the whole image.
    """
    augmentation.require_no_resizing("cifarnet")
    if augmentation.crops:
        image = augmentation.crop(image, output_height, output_width)
    image = tf.cast(ops.check_image(image), tf.float32)
    if use_grayscale:
        image = ops.to_grayscale(image)
    if not augmentation.crops:
        image = tf.pad(image, [[padding, padding], [padding, padding], [0, 0]])
        image = ops.pad_to_at_least(image, output_height, output_width)
        image = ops.random_crop(image, output_height, output_width)
    image = augmentation.flip(image, mirrors=True)
    image = augmentation.recolor(image, _distort_color, largest=255.0)
    return tf.image.per_image_standardization(image)


def _distort_color(image: tf.Tensor) -> tf.Tensor:
    # TF-Slim has it, though the standardization takes the brightness out again.
    image = ops.random_brightness(image, max_delta=63)
    return ops.random_contrast(image, lower=0.2, upper=1.8)


def preprocess_for_eval(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    *,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Takes the middle of one image, with zeros around it where it is smaller.

    Args:
      image: [h, w, c] or a batch [n, h, w, c], any dtype, values in [0, 255].
      output_height: of the result, in pixels.
      output_width: of the result, in pixels.
      use_grayscale: return one channel, the luma.

    Returns:
      float32 [output_height, output_width, c, or 1 if use_grayscale], of mean 0 and
        variance 1 over the whole image.
    """
    image = tf.cast(ops.check_images(image), tf.float32)
    if use_grayscale:
        image = ops.to_grayscale(image)
    image = ops.crop_or_pad(image, output_height, output_width)
    return tf.image.per_image_standardization(image)


def preprocess_image(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    is_training: bool = False,
    add_image_summaries: bool = False,
    use_grayscale: bool = False,
    *,
    padding: int = PADDING,
    augmentation: Augmentation = NO_AUGMENTATION,
) -> tf.Tensor:
    """Prepares one image for training or for evaluation.

    Args:
      image: [h, w, c], any dtype, values in [0, 255]; c is 1 or 3.
      output_height: of the result, in pixels.
      output_width: of the result, in pixels.
      is_training: `preprocess_for_train`, which is random, or `preprocess_for_eval`.
      add_image_summaries: False. It holds the place of TF-Slim's argument.
      use_grayscale: return one channel, the luma.
      padding: training only; zeros added to each of the four sides, in pixels.
      augmentation: training only; what else is changed, or in which other way.

    Returns:
      float32 [output_height, output_width, c, or 1 if use_grayscale], of mean 0 and
        variance 1 over the whole image.

    Raises:
      InputError: the shape is not that of one image, or image summaries were asked for.
    """
    ops.refuse_image_summaries(add_image_summaries)
    if is_training:
        return preprocess_for_train(
            image,
            output_height,
            output_width,
            padding,
            use_grayscale=use_grayscale,
            augmentation=augmentation,
        )
    return preprocess_for_eval(
        image, output_height, output_width, use_grayscale=use_grayscale
    )
