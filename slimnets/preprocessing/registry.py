"""Preprocessing by name: of a recipe, or of the network that was trained with it."""

import inspect
from collections.abc import Callable
from functools import partial

import tensorflow as tf

from slimnets import errors
from slimnets.config import calls
from slimnets.config.resizing import ResizingConfig
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
from slimnets.preprocessing.augmentation import NO_AUGMENTATION, Augmentation

RECIPES: dict[str, Callable[..., tf.Tensor]] = {
    "cifarnet": cifarnet.preprocess_image,
    "imagenet": imagenet.preprocess_image,
    "inception": inception.preprocess_image,
    "lenet": lenet.preprocess_image,
    "plain": plain.preprocess_image,
    "standard": standard.preprocess_image,
    "vgg": vgg.preprocess_image,
}


# What callers give, and no argument in parentheses.
_GIVEN = 4  # image, height, width, is_training
_NOT_IN_WORDS = ("augmentation",)


def get_preprocessing(
    name: str,
    is_training: bool = False,
    use_grayscale: bool = False,
    augmentation: Augmentation = NO_AUGMENTATION,
) -> Callable[..., tf.Tensor]:
    """Returns the function `preprocess(image, height, width, ...)` called `name`.

    Args:
      name: a recipe ("inception"), with its own arguments if they are to differ
        ("standard(crop=0.95)"); or a network ("mobilenet_v2", or a reference to one's
        own), which stands for the recipe named in its row.
      is_training: the random half, for training, or the exact one, for evaluation.
      use_grayscale: return one channel, the luma.
      augmentation: training only; what else is changed, or in which other way.

    Returns:
      The recipe's `preprocess_image` with these arguments given; its own keyword
      arguments, such as `fast_mode` or `resize_side_min`, are still open.

    Raises:
      InputError: no recipe and no network has that name, or the network's images are
        none that a recipe makes: it is no classifier of images.
    """
    recipe, arguments = resolve(name)
    known = _list_arguments(recipe, name)
    for argument in arguments:
        if argument not in known:
            raise errors.unknown(f"argument of the recipe {recipe}", argument, known)
    prepare = partial(
        RECIPES[recipe],
        is_training=is_training,
        use_grayscale=use_grayscale,
        **arguments,
    )
    if not is_training:
        return prepare
    return augmentation.complete(partial(prepare, augmentation=augmentation))


def add_resizing(name: str, resizing: ResizingConfig) -> str:
    """Returns the words for a recipe that resizes otherwise for evaluation.

    Args:
      name: as of `get_preprocessing`.
      resizing: where it says nothing, the recipe's own way stays.

    Raises:
      InputError: there is no such recipe, or it does not do what is to be otherwise.
    """
    flags = {"crop": "crop_pct", "interpolation": "interpolation"}
    values = {argument: getattr(resizing, flag) for argument, flag in flags.items()}
    wanted = {argument: value for argument, value in values.items() if value}
    if not wanted:
        return name
    recipe, arguments = resolve(name)
    for argument in wanted:
        if argument not in _list_arguments(recipe, name):
            raise errors.InputError(
                f"--{flags[argument]}: the recipe {recipe} has no such step; name"
                " another one with --preprocessing_name, such as inception or standard"
            )
    return str(calls.Call(recipe, {**arguments, **wanted}))


def name_recipe(name: str) -> str:
    """Returns the name of the recipe that `get_preprocessing` takes for `name`."""
    return resolve(name).name


def _list_arguments(recipe: str, name: str) -> list[str]:
    """Returns what a recipe takes in parentheses; `name` is what it was called by."""
    if recipe not in RECIPES:
        raise errors.unknown("preprocessing", name, [*RECIPES, *nets.NETWORKS])
    known = list(inspect.signature(RECIPES[recipe]).parameters)[_GIVEN:]
    return [argument for argument in known if argument not in _NOT_IN_WORDS]


def resolve(name: str) -> calls.Call:
    """Returns a recipe with its arguments: itself, or that of a network's row."""
    call = calls.parse(name)
    if call.name in nets.NETWORKS or own.is_reference(name):
        return calls.parse(nets.get_row(name).preprocessing)
    return call
