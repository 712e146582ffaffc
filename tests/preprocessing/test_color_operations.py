"""Changes of colours are Pillow's."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from slimnets.preprocessing import color_operations
from tests.preprocessing import pillow

FACTORS = (0.0, 0.1, 0.77, 1.0, 1.9)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (color_operations.brighten, ImageEnhance.Brightness),
        (color_operations.adjust_contrast, ImageEnhance.Contrast),
        (color_operations.adjust_color, ImageEnhance.Color),
        (color_operations.sharpen, ImageEnhance.Sharpness),
    ],
    ids=["brightness", "contrast", "color", "sharpness"],
)
def test_enhancements(ours, theirs, factor, channels):
    def enhance(image: Image.Image) -> Image.Image:
        return theirs(image).enhance(factor)

    pillow.assert_same(lambda image: ours(image, factor), enhance, channels)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [8, 7, 4, 1])
def test_posterize(bits, channels):
    pillow.assert_same(
        lambda image: color_operations.posterize(image, tf.constant(float(bits))),
        lambda image: ImageOps.posterize(image, bits),
        channels,
    )


@pytest.mark.parametrize("threshold", [0, 0.5, 100, 128.3, 255, 256])
def test_solarize(threshold):
    pillow.assert_same(
        lambda image: color_operations.solarize(image, tf.constant(float(threshold))),
        lambda image: ImageOps.solarize(image, threshold),
    )


def test_invert():
    pillow.assert_same(color_operations.invert, ImageOps.invert)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("ours", "theirs", "rounding"),
    [
        # Pillow's own scale falls just short of some whole numbers.
        (color_operations.stretch_contrast, ImageOps.autocontrast, 1),
        (color_operations.equalize, ImageOps.equalize, 0),
    ],
    ids=["autocontrast", "equalize"],
)
def test_what_depends_on_the_histogram(ours, theirs, rounding, channels):
    pillow.assert_same(ours, theirs, channels, rounding=rounding)


@pytest.mark.parametrize(
    "operation",
    [color_operations.stretch_contrast, color_operations.equalize],
)
@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_channel_of_one_value_stays(
    operation: Callable[[tf.Tensor], tf.Tensor], value: int
):
    image = np.full((20, 30, 3), value, np.uint8)
    image[:, :, 1] = np.arange(30)
    result = operation(tf.constant(image)).numpy()
    np.testing.assert_array_equal(result[:, :, [0, 2]], image[:, :, [0, 2]])
    assert result[:, :, 1].max() > 200
