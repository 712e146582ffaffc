"""The Inception recipe, with values in [-1, 1]: Inception, MobileNet and NASNet.

The training half is the augmentation of "Going Deeper with Convolutions"
(arXiv:1409.4842, section 6) as TF-Slim implemented it.
"""

from functools import partial

import tensorflow as tf

from slimnets.preprocessing import ops
from slimnets.preprocessing.augmentation import NO_AUGMENTATION, Augmentation
from slimnets.preprocessing.crops import WHOLE_IMAGE, distorted_bounding_box_crop

__all__ = [
    "WHOLE_IMAGE",
    "distort_color",
    "distorted_bounding_box_crop",
    "preprocess_for_eval",
    "preprocess_for_train",
    "preprocess_image",
]

CENTRAL_FRACTION = 0.875  # of each side: 224 of 256

_METHODS = (
    tf.image.ResizeMethod.BILINEAR,
    tf.image.ResizeMethod.NEAREST_NEIGHBOR,
    tf.image.ResizeMethod.BICUBIC,
    tf.image.ResizeMethod.AREA,
)

_brightness = partial(ops.random_brightness, max_delta=32 / 255)
_saturation = partial(ops.random_saturation, lower=0.5, upper=1.5)
_hue = partial(ops.random_hue, max_delta=0.2)
_contrast = partial(ops.random_contrast, lower=0.5, upper=1.5)

FAST_ORDERS = ((_brightness, _saturation),)
SLOW_ORDERS = (
    (_brightness, _saturation, _hue, _contrast),
    (_saturation, _brightness, _contrast, _hue),
    (_contrast, _hue, _brightness, _saturation),
    (_hue, _saturation, _contrast, _brightness),
)
_NEED_COLOR = (_saturation, _hue)


def distort_color(image: tf.Tensor, fast_mode: bool = True) -> tf.Tensor:
    """Randomly changes brightness and saturation, or these, hue and contrast.

    Args:
      image: float32 [height, width, channels] in [0, 1]. With one channel, the changes
        that need colour (saturation, hue) are left out.
      fast_mode: brightness, then saturation. Otherwise all four changes, in one of
        four orders drawn at random.

    Returns:
      float32 of the same shape, clipped to [0, 1].
    """

    def apply(order: tuple[partial, ...]) -> tf.Tensor:
        result = image
        for change in order:
            if image.shape[2] == 3 or change not in _NEED_COLOR:
                result = change(result)
        return result

    orders = FAST_ORDERS if fast_mode else SLOW_ORDERS
    image = ops.run_one_of([partial(apply, order) for order in orders])
    return tf.clip_by_value(image, 0.0, 1.0)


def preprocess_for_train(
    image: tf.Tensor,
    height: int,
    width: int,
    bbox: tf.Tensor | None = None,
    fast_mode: bool = True,
    *,
    random_crop: bool = True,
    use_grayscale: bool = False,
    augmentation: Augmentation = NO_AUGMENTATION,
) -> tf.Tensor:
    """Crops, resizes, flips and recolours one image at random.

    Args:
      image: integer [h, w, c] of its type's whole range, or float in [0, 1].
      height: of the result, in pixels.
      width: of the result, in pixels.
      bbox: see `distorted_bounding_box_crop`.
      fast_mode: bilinear resizing, and brightness and saturation only. Otherwise one
        of four ways to resize, and hue and contrast as well.
      random_crop: False resizes the whole image.
      use_grayscale: return one channel, the luma.
      augmentation: what else is changed, or in which other way.

    Returns:
      float32 [height, width, c, or 1 if use_grayscale] in [-1, 1].
    """
    if random_crop or augmentation.crops:
        image = distorted_bounding_box_crop(
            image, bbox, least=(height, width), **augmentation.crop_limits
        )
    image = ops.to_unit_range(ops.check_image(image))
    methods = augmentation.choose_methods(_METHODS[:1] if fast_mode else _METHODS)
    image = ops.run_one_of(
        [partial(ops.resize, image, height, width, method) for method in methods]
    )
    image = tf.ensure_shape(image, [height, width, image.shape[2]])
    image = augmentation.flip(image, mirrors=True)
    image = augmentation.recolor(image, partial(distort_color, fast_mode=fast_mode))
    if use_grayscale:
        image = ops.to_grayscale(image)
    return (image - 0.5) * 2.0


def preprocess_for_eval(
    image: tf.Tensor,
    height: int,
    width: int,
    central_fraction: float = CENTRAL_FRACTION,
    *,
    central_crop: bool = True,
    use_grayscale: bool = False,
    interpolation: str = tf.image.ResizeMethod.BILINEAR,
) -> tf.Tensor:
    """Resizes the middle of one image.

    Args:
      image: integer [h, w, c] of its type's whole range, or float in [0, 1]; or a
        batch [n, h, w, c].
      height: of the result, in pixels.
      width: of the result, in pixels.
      central_fraction: of each side that is kept, in (0, 1].
      central_crop: False resizes the whole image.
      use_grayscale: return one channel, the luma.
      interpolation: how it is resized, one of choices.INTERPOLATIONS.

    Returns:
      float32 [height, width, c, or 1 if use_grayscale] in [-1, 1].
    """
    image = ops.to_unit_range(ops.check_images(image))
    if use_grayscale:
        image = ops.to_grayscale(image)
    if central_crop:
        image = ops.crop_central_fraction(image, central_fraction)
    image = ops.resize(image, height, width, interpolation)
    if interpolation == tf.image.ResizeMethod.BICUBIC:
        image = tf.clip_by_value(image, 0.0, 1.0)
    return (image - 0.5) * 2.0


def preprocess_image(
    image: tf.Tensor,
    height: int,
    width: int,
    is_training: bool = False,
    bbox: tf.Tensor | None = None,
    fast_mode: bool = True,
    add_image_summaries: bool = False,
    crop_image: bool = True,
    use_grayscale: bool = False,
    *,
    crop: float = CENTRAL_FRACTION,
    interpolation: str = tf.image.ResizeMethod.BILINEAR,
    augmentation: Augmentation = NO_AUGMENTATION,
) -> tf.Tensor:
    """Prepares one image for training or for evaluation.

    Args:
      image: integer [h, w, c] of its type's whole range, or float in [0, 1]; c is
        1 or 3.
      height: of the result, in pixels.
      width: of the result, in pixels.
      is_training: `preprocess_for_train`, which is random, or `preprocess_for_eval`.
      bbox: training only; see `distorted_bounding_box_crop`.
      fast_mode: training only; see `preprocess_for_train`.
      add_image_summaries: False. It holds the place of TF-Slim's argument.
      crop_image: False uses the whole image, not a part of it.
      use_grayscale: return one channel, the luma.
      crop: evaluation only; the part of each side that is kept, in (0, 1].
      interpolation: evaluation only; one of choices.INTERPOLATIONS.
      augmentation: training only; what else is changed, or in which other way.

    Returns:
      float32 [height, width, c, or 1 if use_grayscale] in [-1, 1].

    Raises:
      InputError: the shape is not that of one image, or image summaries were asked for.
    """
    ops.refuse_image_summaries(add_image_summaries)
    if is_training:
        return preprocess_for_train(
            image,
            height,
            width,
            bbox,
            fast_mode,
            random_crop=crop_image,
            use_grayscale=use_grayscale,
            augmentation=augmentation,
        )
    ops.check_resizing("inception", interpolation, crop)
    return preprocess_for_eval(
        image,
        height,
        width,
        crop,
        central_crop=crop_image,
        use_grayscale=use_grayscale,
        interpolation=interpolation,
    )
