"""Augmentation, where a recipe's training half has a place for it.

A recipe crops and resizes, mirrors, changes colours, and scales its values. At each of
these places it asks an `Augmentation`, which does it as the user's settings say, or
leaves it to the recipe. What a policy does comes with the colours: on the cropped image
of whole values, before these are scaled.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets import errors, random_numbers
from slimnets.config.augmentation import AugmentationConfig
from slimnets.preprocessing import color_operations, crops, erasing, ops, policies
from slimnets.preprocessing.encoded import Encoded

Change = Callable[[tf.Tensor], tf.Tensor]

_MOST_HUE = 0.5  # half of the circle of colours


class Augmentation:
    """What is changed in an image at random, beside or instead of the recipe's own.

    Attributes:
      crops: whether `crop` takes the place of the recipe's own.
      crop_limits: arguments of `crops.distorted_bounding_box_crop`.
    """

    def __init__(self, config: AugmentationConfig):
        """Reads the settings.

        Raises:
          InputError: one is out of its range, or names no policy.
        """
        _check_numbers(config)
        self._config = config
        self._policy = policies.parse(config.augment) if config.augment else None
        self._jitter = _spread_jitter(config.color_jitter)
        self.crops = bool(config.crop_scale)
        self.crop_limits: dict[str, Any] = {}
        if config.crop_scale:
            low, high = config.crop_scale
            self.crop_limits |= {"area_range": (low, high), "min_object_covered": 0.0}
        if config.crop_ratio:
            low, high = config.crop_ratio
            self.crop_limits["aspect_ratio_range"] = (low, high)

    def crop(self, image: tf.Tensor | Encoded, height: int, width: int) -> tf.Tensor:
        """Cuts a random part and resizes it, for recipes that do it otherwise or not.

        Args:
          image: [h, w, c], any dtype.
          height: of the result, in pixels.
          width: of the result, in pixels.

        Returns:
          float32 [height, width, c], in the image's unit.
        """
        part = self.cut_part(image, height, width)
        [method] = self.choose_methods([tf.image.ResizeMethod.BILINEAR])
        resized = ops.resize(ops.check_image(part), height, width, method)
        return tf.ensure_shape(resized, [height, width, image.shape[2]])

    def cut_part(
        self, image: tf.Tensor | Encoded, height: int, width: int
    ) -> tf.Tensor:
        """Cuts a random part, [part height, part width, c], of the image's type.

        Args:
          image: [h, w, c], any dtype.
          height: of what the part will be resized to, in pixels.
          width: of the same.
        """
        return crops.distorted_bounding_box_crop(
            image, least=(height, width), **self.crop_limits
        )

    def choose_methods(self, own: Sequence[str]) -> Sequence[str]:
        """Returns the ways to resize of which one is drawn, as ResizeMethods.

        Args:
          own: the recipe's.
        """
        wanted = self._config.train_interpolation
        return own if wanted is None else (wanted,)

    def require_no_resizing(self, recipe: str) -> None:
        """Raises an InputError if a recipe that does not is to resize, or shape crops.

        Args:
          recipe: its name.
        """
        for name in ("train_interpolation", "crop_ratio"):
            if getattr(self._config, name) and not self.crops:
                raise errors.InputError(
                    f"--{name}: the recipe {recipe} has no such step of its own; give"
                    " --crop_scale too, such as --crop_scale=0.08,1"
                )

    def flip(self, image: tf.Tensor, mirrors: bool) -> tf.Tensor:
        """Mirrors an image at random.

        Args:
          image: [height, width, channels].
          mirrors: whether the recipe's own is to mirror every other one.
        """
        sideways = self._config.hflip
        if sideways is None:
            sideways = 0.5 if mirrors else 0.0
        if sideways:
            image = ops.random_flip(image, 1, sideways)
        if self._config.vflip:
            image = ops.random_flip(image, 0, self._config.vflip)
        return image

    def recolor(
        self, image: tf.Tensor, own: Change | None = None, largest: float = 1.0
    ) -> tf.Tensor:
        """Changes colours, and all that a policy does.

        Args:
          image: float32 [height, width, channels] in [0, largest]; static sizes.
          own: what the recipe does where the user wants nothing else.
          largest: the value of white.

        Returns:
          float32 of the same shape, in the same range.
        """
        if self._policy is None and not self._config.color_jitter:
            return image if own is None else own(image)
        whole = tf.clip_by_value(image * (255.0 / largest) + 0.5, 0.0, 255.0)
        pixels = self._shake_colors(tf.cast(whole, tf.uint8))
        if self._policy is not None:
            pixels = self._policy(pixels)
        return tf.cast(pixels, tf.float32) * (largest / 255.0)

    def complete(self, recipe: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
        """Returns a recipe that also does what comes behind its scaling: erasing.

        Args:
          recipe: f(image, height, width, ...) -> float32 [height, width, channels].
        """
        probability, mode = (
            self._config.random_erasing,
            self._config.random_erasing_mode,
        )
        if not probability:
            return recipe
        return lambda *arguments, **named: erasing.erase(
            recipe(*arguments, **named), probability, mode
        )

    def _shake_colors(self, pixels: tf.Tensor) -> tf.Tensor:
        """Changes brightness, contrast, saturation and hue of a uint8 image."""
        changes = (
            color_operations.brighten,
            color_operations.adjust_contrast,
            color_operations.adjust_color,
        )
        for change, most in zip(changes, self._jitter, strict=False):
            if most:
                factor = random_numbers.uniform([], max(0.0, 1 - most), 1 + most)
                pixels = change(pixels, factor)
        if self._jitter[3] and pixels.shape[2] == 3:
            pixels = ops.random_hue(pixels, self._jitter[3])
        return pixels


def _spread_jitter(numbers: Sequence[float]) -> tuple[float, float, float, float]:
    """Returns the changes of brightness, contrast, saturation and hue."""
    given = tuple(numbers) or (0.0,)
    three = given * 3 if len(given) == 1 else given[:3]
    brightness, contrast, saturation = three
    return brightness, contrast, saturation, given[3] if len(given) == 4 else 0.0


def _check_numbers(config: AugmentationConfig) -> None:
    _check_range("crop_scale", config.crop_scale, 1.0)
    _check_range("crop_ratio", config.crop_ratio, float("inf"))
    jitter = config.color_jitter
    if jitter and (
        len(jitter) not in (1, 3, 4)
        or min(jitter) < 0
        or (len(jitter) == 4 and jitter[3] > _MOST_HUE)
    ):
        raise errors.InputError(
            f"--color_jitter={_join(jitter)} has to be one number, or three or four:"
            " brightness, contrast, saturation, hue; each at least 0, hue at most"
            f" {_MOST_HUE}"
        )


def _check_range(name: str, numbers: Sequence[float], most: float) -> None:
    """Raises an InputError unless there are none, or two that are a range above 0."""
    if numbers and not (len(numbers) == 2 and 0 < numbers[0] <= numbers[1] <= most):
        limit = f", at most {most:g}" if most < float("inf") else ""
        raise errors.InputError(
            f"--{name}={_join(numbers)} has to be two numbers above 0{limit}, the least"
            " first"
        )


def _join(numbers: Sequence[float]) -> str:
    return ",".join(f"{number:g}" for number in numbers)


NO_AUGMENTATION = Augmentation(AugmentationConfig())
