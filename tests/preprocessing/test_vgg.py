"""The VGG recipe: the evaluation half to the digit, the other by its statistics."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf

from slimnets.preprocessing import vgg
from tests.preprocessing import reference

MEAN = np.array([123.68, 116.78, 103.94])


def evaluated(image: np.ndarray, height: int, width: int, side: int) -> np.ndarray:
    scale = side / min(image.shape[:2])
    sizes = [int(np.rint(size * scale)) for size in image.shape[:2]]
    return reference.middle(reference.bilinear(image, *sizes), height, width)


@pytest.mark.parametrize("size", [(60, 60), (37, 53), (90, 31)])
def test_eval_is_the_middle_at_256_minus_the_mean(size):
    image = reference.picture(*size)
    expected = evaluated(image, 224, 200, side=256) - MEAN
    for result in reference.both_ways(
        lambda x: vgg.preprocess_image(x, 224, 200), image
    ):
        np.testing.assert_allclose(result, expected, atol=2e-3)


@pytest.mark.parametrize(
    ("crop", "side"), [(224, 256), (256, 256), (257, 294), (299, 342), (331, 378)]
)
def test_larger_crops_get_a_larger_side(crop, side):
    assert vgg.choose_side(256, 32, crop) == side
    image = reference.picture(40, 50)
    result = vgg.preprocess_image(tf.constant(image), crop, crop)
    expected = evaluated(image, crop, crop, side) - MEAN
    np.testing.assert_allclose(result, expected, atol=2e-3)


def test_gray_images_lose_the_gray_of_the_mean():
    image = reference.picture(40, 50)
    converted = vgg.preprocess_image(tf.constant(image), 32, 32, use_grayscale=True)
    expected = evaluated(reference.gray(image), 32, 32, 256) - MEAN @ reference.LUMA
    np.testing.assert_allclose(converted, expected, atol=2e-2)
    one_channel = image[..., :1]
    expected = evaluated(one_channel, 32, 32, 256) - MEAN @ reference.LUMA
    for result in reference.both_ways(
        lambda x: vgg.preprocess_image(x, 32, 32), one_channel
    ):
        np.testing.assert_allclose(result, expected, atol=1e-3)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("crop", [32, 299])
def test_train_has_the_shape_and_the_range(channels, crop):
    preprocess = partial(
        vgg.preprocess_image, output_height=crop, output_width=24, is_training=True
    )
    for result in reference.both_ways(preprocess, reference.picture(41, 29, channels)):
        assert result.shape == (crop, 24, channels)
        assert result.min() >= -123.7 and result.max() <= 255 - 103.9


def test_train_sides_are_uniform_from_min_to_max(monkeypatch):
    sides = []

    def recorded(image, side, _):
        sides.append(int(side))
        return tf.zeros([16, 16, 3])

    monkeypatch.setattr(vgg.ops, "resize_smallest_side", recorded)
    tf.random.set_seed(0)
    for _ in range(100):
        vgg.preprocess_for_train(tf.zeros([8, 8, 3]), 8, 8, 10, 13)
    assert set(sides) == {10, 11, 12, 13}
    sides.clear()
    for _ in range(100):  # a crop of 14 asks for 16 at least: 16 / 10 of both bounds
        vgg.preprocess_for_train(tf.zeros([8, 8, 3]), 14, 14, 10, 13)
    assert set(sides) == {16, 17, 18, 19, 20, 21}


def test_train_flips_half_of_the_images_and_repeats_with_the_seed():
    ramp = np.broadcast_to(np.linspace(0, 255, 32), (32, 32))[..., None]
    image = tf.constant(np.repeat(ramp, 3, axis=-1).astype(np.uint8))

    def flips() -> list[bool]:
        tf.random.set_seed(5)
        results = [
            vgg.preprocess_image(image, 16, 16, True, 32, 40) for _ in range(100)
        ]
        return [bool(result[8, 0, 0] > result[8, -1, 0]) for result in results]

    first = flips()
    assert 0.35 < np.mean(first) < 0.65
    assert first == flips()
