"""Prepared images, as they were before."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.preprocessing import display, registry

IMAGE = np.random.default_rng(0).integers(0, 256, [64, 64, 3]).astype(np.uint8)


@pytest.mark.parametrize(
    "recipe", ["plain", "inception", "vgg", "imagenet", "standard"]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_what_a_recipe_scaled_is_as_before(recipe, channels):
    prepare = registry.get_preprocessing(recipe)
    image = IMAGE[..., :channels]
    show = display.make_display(lambda image: prepare(image, 64, 64), channels)
    black, white = (
        prepare(tf.fill([64, 64, channels], tf.constant(v, tf.uint8)), 64, 64).numpy()
        for v in (0, 255)
    )
    scaled = black + (white - black) * (image / 255)
    assert np.abs(show(scaled).astype(int) - image).max() <= 1


def test_what_each_image_decided_is_stretched():
    prepare = registry.get_preprocessing("cifarnet")
    show = display.make_display(lambda image: prepare(image, 64, 64), 3)
    shown = show(prepare(IMAGE, 64, 64).numpy()[np.newaxis])
    assert shown.shape == (1, 64, 64, 3) and (shown.min(), shown.max()) == (0, 255)
