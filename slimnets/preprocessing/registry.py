"""Preprocessing by name: of a recipe, or of the network that was trained with it."""

import inspect
from collections.abc import Callable
from functools import partial

import tensorflow as tf

from slimnets import errors
from slimnets.config import calls
from slimnets.nets import own
from slimnets.nets import registry as nets
from slimnets.preprocessing import (
    cifarnet,
    imagenet,
    inception,
    lenet,
    plain,
    standard,
    vgg,
)

RECIPES: dict[str, Callable[..., tf.Tensor]] = {
    "cifarnet": cifarnet.preprocess_image,
    "imagenet": imagenet.preprocess_image,
    "inception": inception.preprocess_image,
    "lenet": lenet.preprocess_image,
    "plain": plain.preprocess_image,
    "standard": standard.preprocess_image,
    "vgg": vgg.preprocess_image,
}


_GIVEN = 4  # image, height, width, is_training: what every caller gives


def get_preprocessing(
    name: str, is_training: bool = False, use_grayscale: bool = False
) -> Callable[..., tf.Tensor]:
    """Returns the function `preprocess(image, height, width, ...)` called `name`.

    Args:
      name: a recipe ("inception"), with its own arguments if they are to differ
        ("standard(crop=0.95)"); or a network ("mobilenet_v2", or a reference to one's
        own), which stands for the recipe named in its row.
      is_training: the random half, for training, or the exact one, for evaluation.
      use_grayscale: return one channel, the luma.

    Returns:
      The recipe's `preprocess_image` with these two arguments given; its own keyword
      arguments, such as `fast_mode` or `resize_side_min`, are still open.

    Raises:
      InputError: no recipe and no network has that name, or the network's images are
        none that a recipe makes: it is no classifier of images.
    """
    recipe, arguments = _resolve(name)
    if recipe not in RECIPES:
        raise errors.unknown("preprocessing", name, [*RECIPES, *nets.NETWORKS])
    known = list(inspect.signature(RECIPES[recipe]).parameters)[_GIVEN:]
    for argument in arguments:
        if argument not in known:
            raise errors.unknown(f"argument of the recipe {recipe}", argument, known)
    return partial(
        RECIPES[recipe],
        is_training=is_training,
        use_grayscale=use_grayscale,
        **arguments,
    )


def name_recipe(name: str) -> str:
    """Returns the name of the recipe that `get_preprocessing` takes for `name`."""
    return _resolve(name).name


def _resolve(name: str) -> calls.Call:
    """Returns a recipe with its arguments: itself, or that of a network's row."""
    call = calls.parse(name)
    if call.name in nets.NETWORKS or own.is_reference(name):
        return calls.parse(nets.get_row(name).preprocessing)
    return call
