"""torchvision's and timm's recipe for evaluation, beside Pillow."""

import math

import numpy as np
import pytest
from PIL import Image

from slimnets import errors
from slimnets.preprocessing import imagenet, registry

RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


def smooth(height, width):
    """Returns an image whose pixels change slowly and fast, as photos' do."""
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(rows / (3 + k)) + np.cos(columns / (7 - k)) for k in range(3)]
    return np.uint8(127 + 60 * np.stack(waves, axis=-1))


def by_pillow(image, size, crop, interpolation, squash):
    """Returns [size, size, 3] in [0, 1], as torchvision's and timm's transforms do."""
    side = int(size / crop)
    width, height = image.shape[1], image.shape[0]
    shorter = min(width, height)
    wanted = (
        (side, side)
        if squash
        else (int(side * width / shorter), int(side * height / shorter))
    )
    resized = Image.fromarray(image).resize(wanted, RESAMPLING[interpolation])
    left, top = ((length - size) // 2 for length in wanted)
    cut = resized.crop((left, top, left + size, top + size))
    return np.asarray(cut, np.float32) / 255


@pytest.mark.parametrize("interpolation", RESAMPLING)
@pytest.mark.parametrize(
    ("shape", "size", "crop", "squash"),
    [
        ((90, 120), 56, 0.875, False),
        ((120, 90), 56, 0.965517, False),
        ((64, 64), 64, 1.0, False),
        ((40, 33), 56, 0.9, False),
        ((90, 120), 56, 1.0, True),
    ],
)
def test_the_same_pixels_as_pillow(shape, size, crop, squash, interpolation):
    image = smooth(*shape)
    mean, deviation = (0.5, 0.4, 0.3), (0.2, 0.25, 0.5)
    name = (
        f"standard(mean={mean}, deviation={deviation}, crop={crop},"
        f" interpolation={interpolation!r}, squash={squash})"
    )
    made = registry.get_preprocessing(name)(image, size, size).numpy()
    pixels = made * deviation + mean
    wanted = by_pillow(image, size, crop, interpolation, squash)
    assert np.abs(pixels - wanted).max() < 2 / 255  # Pillow rounds after each pass
    assert np.abs(pixels - wanted).mean() < 0.4 / 255


def test_gray_has_the_luma_of_the_mean():
    image = np.full((20, 20, 3), 255, np.uint8)
    made = registry.get_preprocessing("standard", use_grayscale=True)(image, 16, 16)
    assert made.shape == (16, 16, 1)
    luma = 0.2989 + 0.5870 + 0.1140
    wanted = (luma - imagenet.GRAY_MEAN) / imagenet.GRAY_DEVIATION
    np.testing.assert_allclose(made, wanted, atol=1e-3)


def test_training_crops_and_standardizes():
    name = "standard(mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0))"
    made = registry.get_preprocessing(name, is_training=True)(smooth(40, 60), 16, 16)
    assert made.shape == (16, 16, 3)
    assert 0 <= made.numpy().min() < made.numpy().max() <= 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("standard(crop=0)", "is not in"),
        ("standard(crop=1.5)", "is not in"),
        ("standard(interpolation='cubic')", "did you mean bicubic"),
        ("standard(mean=(1, 2))", "three numbers each"),
        ("standard(deviation=(1, 2, 0))", "above 0"),
        ("standard(crops=0.9)", "did you mean crop?"),
        ("standart", "did you mean standard"),
        ("standard(0.9)", "is no name with arguments"),
        ("vgg(is_training=True)", "unknown argument of the recipe vgg"),
    ],
)
def test_a_wrong_setting_is_one_line(name, says):
    with pytest.raises(errors.InputError, match=says.replace("?", r"\?")):
        registry.get_preprocessing(name)(smooth(20, 20), 16, 16)


def test_a_size_that_division_misses_by_a_bit():
    """224 / 0.965517 is 232; in float32 a side of 464 halved may miss it."""
    assert int(224 / 0.965517) == 232
    assert math.floor(299 / 0.874269) == 342
    made = registry.get_preprocessing("standard(crop=0.965517)")
    assert made(smooth(464, 464), 224, 224).shape == (224, 224, 3)


def test_the_recipe_of_a_name():
    assert registry.name_recipe("standard(crop=0.9)") == "standard"
    assert registry.name_recipe("mobilenet_v2(depth_multiplier=0.5)") == "inception"
