"""Preprocessing is found by the recipe's or the network's name."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.nets import registry as nets
from slimnets.preprocessing import registry
from tests.preprocessing import reference


@pytest.mark.parametrize("recipe", registry.RECIPES)
@pytest.mark.parametrize(
    ("is_training", "use_grayscale"), [(True, False), (False, True)]
)
def test_every_recipe_takes_the_same_call(recipe, is_training, use_grayscale):
    preprocess = registry.get_preprocessing(recipe, is_training, use_grayscale)
    for result in reference.both_ways(
        lambda image: preprocess(image, 32, 24), reference.picture(35, 29)
    ):
        assert result.shape == (32, 24, 1 if use_grayscale else 3)


@pytest.mark.parametrize("network", nets.list_networks(kind="classifier"))
def test_every_network_has_a_recipe(network):
    preprocess = registry.get_preprocessing(network)
    assert preprocess.func is registry.RECIPES[nets.NETWORKS[network].preprocessing]


def test_a_recipes_own_arguments_stay_open():
    image = tf.constant(reference.picture(40, 40))
    preprocess = registry.get_preprocessing("vgg")
    smaller, larger = (
        preprocess(image, 32, 32, resize_side_min=side).numpy() for side in (40, 80)
    )
    assert np.abs(smaller - larger).max() > 1


def test_a_network_of_other_images_has_none():
    message = "^s3dg is a video classifier, and this takes a classifier of images: "
    with pytest.raises(errors.InputError, match=message):
        registry.get_preprocessing("s3dg")


def test_unknown_names_are_answered_with_near_ones():
    with pytest.raises(errors.InputError, match="did you mean inception"):
        registry.get_preprocessing("incepton")
