"""Preprocessing by name: of a recipe, or of the network that was trained with it."""

from collections.abc import Callable
from functools import partial

import tensorflow as tf

from slimnets import errors
from slimnets.nets import own
from slimnets.nets import registry as nets
from slimnets.preprocessing import cifarnet, imagenet, inception, lenet, plain, vgg

RECIPES: dict[str, Callable[..., tf.Tensor]] = {
    "cifarnet": cifarnet.preprocess_image,
    "imagenet": imagenet.preprocess_image,
    "inception": inception.preprocess_image,
    "lenet": lenet.preprocess_image,
    "plain": plain.preprocess_image,
    "vgg": vgg.preprocess_image,
}


def get_preprocessing(
    name: str, is_training: bool = False, use_grayscale: bool = False
) -> Callable[..., tf.Tensor]:
    """Returns the function `preprocess(image, height, width, ...)` called `name`.

    Args:
      name: a recipe ("inception") or a network ("mobilenet_v2", or a reference to one's
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
    is_network = name in nets.NETWORKS or own.is_reference(name)
    recipe = nets.get_row(name).preprocessing if is_network else name
    if recipe not in RECIPES:
        raise errors.unknown("preprocessing", name, [*RECIPES, *nets.NETWORKS])
    return partial(
        RECIPES[recipe], is_training=is_training, use_grayscale=use_grayscale
    )
