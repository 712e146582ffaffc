"""Several views of one image for test-time augmentation: mirrored, and its corners.

The ten crops are those of "ImageNet Classification with Deep Convolutional Neural
Networks" (Krizhevsky et al., 2012, section 4.1): the middle and the four corners of the
resized image's middle square, and their mirror images. Which size it is resized to, the
recipe says: 256 for crops of 224. The Inception recipe takes a part of each side, so
there the corners are those of the whole image, resized to a square.
"""

import dataclasses
import inspect
from collections.abc import Callable

import tensorflow as tf

from slimnets import errors
from slimnets.config import calls, choices
from slimnets.config.resizing import ResizingConfig
from slimnets.preprocessing import registry, vgg
from slimnets.preprocessing.encoded import Encoded


@dataclasses.dataclass(frozen=True)
class Views:
    """How the views of an image are made.

    Attributes:
      count: how many.
      prepare: uint8 [h, w, c] -> float32 [count, size, size, c], the usual one first.
    """

    count: int
    prepare: Callable[[tf.Tensor | Encoded], tf.Tensor]


def make_views(
    kind: str, name: str, size: int, use_grayscale: bool = False
) -> Views | None:
    """Returns what makes the views of an image; None where it is the usual one alone.

    Args:
      kind: one of choices.VIEWS.
      name: of the recipe or the network, as of `registry.get_preprocessing`.
      size: height and width of each view, in pixels.
      use_grayscale: views of one channel, the luma.

    Raises:
      InputError: the recipe does not resize and crop, so that there are no corners.
    """
    if kind not in choices.VIEWS:
        raise errors.unknown("test-time augmentation", kind, choices.VIEWS)
    if kind == "none":
        return None
    recipe = registry.get_preprocessing(name, False, use_grayscale)
    has_corners, is_mirrored = kind.endswith("crops"), kind != "five_crops"
    cut = _make_corners(kind, name, size, use_grayscale) if has_corners else None

    def prepare(image: tf.Tensor | Encoded) -> tf.Tensor:
        if isinstance(image, Encoded):
            image = image.whole()  # once for all views
        views = [recipe(image, size, size), *(cut(image) if cut else ())]
        if is_mirrored:
            views += [tf.reverse(view, [1]) for view in views]
        return tf.stack(views)

    return Views((5 if has_corners else 1) * (2 if is_mirrored else 1), prepare)


def _make_corners(
    kind: str, name: str, size: int, use_grayscale: bool
) -> Callable[[tf.Tensor], list[tf.Tensor]]:
    """Returns what cuts the corners out of the resized image's middle square."""
    side, words = _find_square(kind, name, size)
    recipe = registry.get_preprocessing(words, False, use_grayscale)
    last = side - size

    def cut(image: tf.Tensor) -> list[tf.Tensor]:
        square = recipe(image, side, side)
        starts = [(y, x) for y in (0, last) for x in (0, last)]
        return [square[y : y + size, x : x + size] for y, x in starts]

    return cut


def _find_square(kind: str, name: str, size: int) -> tuple[int, str]:
    """Returns the side of a recipe's middle square, and the recipe of it as a whole."""
    recipe, arguments = registry.resolve(name)
    flag = f"--test_time_augmentation={kind}"
    known = inspect.signature(registry.RECIPES[recipe]).parameters
    if "crop" not in known or arguments.get("crop_image") is False:
        raise errors.InputError(
            f"{flag}: the recipe {recipe} does not resize and crop, so there are no"
            " corners; flip takes the image and its mirror image"
        )
    crop = arguments.get("crop", known["crop"].default)
    least = arguments.get("resize_side_min", vgg.RESIZE_SIDE_MIN)
    side = int(size / crop) if crop else vgg.choose_side(least, size, size)
    if side <= size:
        raise errors.InputError(
            f"{flag}: the recipe takes the whole of the resized image, so its corners"
            " are the same; give a --crop_pct below 1, or flip"
        )
    whole = registry.add_resizing(
        str(calls.Call(recipe, arguments)), ResizingConfig(crop_pct=1.0)
    )
    return side, whole
