"""The views of an image: the usual one, the corners of its middle square, mirrored."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.preprocessing import registry
from slimnets.preprocessing.encoded import Encoded
from slimnets.preprocessing.views import make_views

IMAGE = np.random.default_rng(0).integers(0, 256, (61, 40, 3), np.uint8)


def prepare(name: str, side: int) -> np.ndarray:
    """Returns the image as a recipe prepares it for evaluation."""
    return registry.get_preprocessing(name)(tf.constant(IMAGE), side, side).numpy()


@pytest.mark.parametrize(
    ("name", "whole", "side"),
    [
        ("standard(crop=0.8)", "standard(crop=1.0)", 30),
        ("inception", "inception(crop=1.0)", 27),
        ("imagenet(crop=0.75)", "imagenet(crop=1.0)", 32),
        ("vgg(resize_side_min=28)", "vgg(crop=1.0)", 28),
        ("vgg(crop=0.5)", "vgg(crop=1.0)", 48),
    ],
)
def test_ten_crops(name, whole, side):
    found = make_views("ten_crops", name, 24)
    square, last = prepare(whole, side), side - 24
    crops = [prepare(name, 24)]
    crops += [square[y:, x:][:24, :24] for y in (0, last) for x in (0, last)]
    expected = np.stack([*crops, *(crop[:, ::-1] for crop in crops)])
    views = found.prepare(tf.constant(IMAGE)).numpy()
    assert found.count == 10 and views.shape == (10, 24, 24, 3)
    np.testing.assert_allclose(views, expected, atol=1e-4)
    five = make_views("five_crops", name, 24)
    assert five.count == 5
    np.testing.assert_array_equal(five.prepare(tf.constant(IMAGE)), views[:5])


def test_a_vgg_crop_that_the_side_just_holds_touches_its_corners():
    """The middle one of five lies as far from all corners: 256 for 224, as AlexNet."""
    views = make_views("five_crops", "vgg", 224).prepare(tf.constant(IMAGE)).numpy()
    np.testing.assert_array_equal(views[0][:208, :208], views[1][16:, 16:])


@pytest.mark.parametrize("name", ["plain", "lenet", "cifarnet", "inception", "vgg"])
def test_a_mirror_image_of_any_recipe_encoded_and_gray(name):
    encoded = Encoded(tf.io.encode_png(IMAGE), 3)
    found = make_views("flip", name, 24, use_grayscale=True)
    one, mirrored = found.prepare(encoded).numpy()
    recipe = registry.get_preprocessing(name, use_grayscale=True)
    np.testing.assert_array_equal(one, recipe(tf.constant(IMAGE), 24, 24))
    np.testing.assert_array_equal(mirrored, one[:, ::-1])
    assert found.count == 2 and one.shape == (24, 24, 1)


def test_none_is_the_usual_view_alone():
    assert make_views("none", "lenet", 24) is None


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("five_crops", "lenet", "=five_crops: the recipe lenet does not resize and"),
        ("ten_crops", "plain", "no corners; flip takes the image and its mirror"),
        ("ten_crops", "inception(crop_image=False)", "does not resize and crop"),
        ("five_crops", "standard(crop=1.0)", "give a --crop_pct below 1, or flip"),
        ("crops", "vgg", "did you mean"),
    ],
)
def test_what_cannot_be_is_one_line(kind, name, message):
    with pytest.raises(errors.InputError, match=message) as caught:
        make_views(kind, name, 24)
    assert "\n" not in str(caught.value)
