"""The Inception recipe: the evaluation half to the digit, training by statistics."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.preprocessing import inception
from tests.preprocessing import reference


def evaluated(image: np.ndarray, height: int, width: int) -> np.ndarray:
    margins = [int((size - size * 0.875) / 2) for size in image.shape[:2]]
    top, left = margins
    part = image[top : image.shape[0] - top, left : image.shape[1] - left] / 255
    return reference.bilinear(part, height, width) * 2 - 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(64, 64), (37, 53), (5, 3)])
def test_eval_is_the_resized_middle(size, channels):
    image = reference.picture(*size, channels)
    for result in reference.both_ways(
        lambda x: inception.preprocess_image(x, 21, 33), image
    ):
        np.testing.assert_allclose(result, evaluated(image, 21, 33), atol=1e-5)


def test_eval_of_the_whole_image_in_gray():
    image = reference.picture(20, 30)
    result = inception.preprocess_image(
        tf.constant(image), 20, 30, crop_image=False, use_grayscale=True
    )
    np.testing.assert_allclose(result, reference.gray(image) / 127.5 - 1, atol=1e-3)


def test_floats_in_the_unit_range_mean_the_same_as_bytes():
    image = reference.picture(40, 40)
    from_bytes = inception.preprocess_image(tf.constant(image), 24, 24)
    from_floats = inception.preprocess_image(tf.constant(image / 255), 24, 24)
    np.testing.assert_allclose(from_bytes, from_floats, atol=1e-6)


@pytest.mark.parametrize("fast_mode", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("use_grayscale", [True, False])
def test_train_has_the_shape_and_the_range(fast_mode, channels, use_grayscale):
    preprocess = partial(
        inception.preprocess_image,
        height=24,
        width=16,
        is_training=True,
        fast_mode=fast_mode,
        use_grayscale=use_grayscale,
    )
    for result in reference.both_ways(preprocess, reference.picture(41, 29, channels)):
        assert result.shape == (24, 16, 1 if use_grayscale else channels)
        assert result.min() >= -1 and result.max() <= 1
        assert result.std() > 0.05


def test_train_crops_cover_the_stated_areas_and_aspects():
    # A picture of coordinates says which part was cut out of it.
    rows, columns = np.mgrid[0:200, 0:200]
    picture = tf.constant(np.stack([rows, columns, columns], -1).astype(np.float32))
    tf.random.set_seed(0)
    shapes = [inception.distorted_bounding_box_crop(picture).shape for _ in range(300)]
    areas = np.array([height * width / 200**2 for height, width, _ in shapes])
    aspects = np.array([width / height for height, width, _ in shapes])
    assert 0.04 < areas.min() < 0.15 and areas.max() > 0.85
    assert 0.73 < aspects.min() < 0.8 and 1.25 < aspects.max() < 1.37


def test_train_crops_cover_the_box():
    tf.random.set_seed(0)
    box = tf.constant([[[0.8, 0.8, 1.0, 1.0]]])
    picture = tf.cast(tf.reshape(tf.range(100 * 100), [100, 100, 1]), tf.float32)
    for _ in range(20):
        part = inception.distorted_bounding_box_crop(
            picture, box, min_object_covered=0.9
        )
        assert int(part[-1, -1, 0]) // 100 >= 97
        assert int(part[-1, -1, 0]) % 100 >= 97


def test_train_flips_half_of_the_images_and_repeats_with_the_seed():
    ramp = np.broadcast_to(np.linspace(0, 255, 32), (32, 32))[..., None]
    image = tf.constant(np.repeat(ramp, 3, axis=-1).astype(np.uint8))

    def flips() -> list[bool]:
        tf.random.set_seed(5)
        results = [
            inception.preprocess_image(image, 16, 16, is_training=True)
            for _ in range(100)
        ]
        return [bool(result[8, 0, 0] > result[8, -1, 0]) for result in results]

    first = flips()
    assert 0.35 < np.mean(first) < 0.65
    assert first == flips()


def test_train_without_cropping_keeps_the_whole_image():
    image = np.zeros((10, 10, 1), np.uint8)
    image[0, 0] = image[-1, -1] = 255
    result = inception.preprocess_image(
        tf.constant(image), 10, 10, is_training=True, crop_image=False
    ).numpy()[..., 0]
    corners = np.array([result[0, 0], result[-1, -1], result[0, -1], result[-1, 0]])
    assert ((corners > 0).sum(), (result > 0).sum()) == (2, 2)


def test_colors_are_distorted_within_the_stated_bounds():
    gray = tf.fill([4, 4, 3], 0.5)  # saturation leaves gray alone
    tf.random.set_seed(0)
    values = [float(inception.distort_color(gray)[0, 0, 0]) for _ in range(200)]
    assert 0.5 - 32 / 255 <= min(values) < 0.4 and 0.6 < max(values) <= 0.5 + 32 / 255


def test_only_the_slow_mode_changes_the_hue():
    red = tf.constant([0.6, 0.2, 0.2], shape=[1, 1, 3])
    tf.random.set_seed(0)
    fast = [tf.image.rgb_to_hsv(inception.distort_color(red)) for _ in range(20)]
    slow = [tf.image.rgb_to_hsv(inception.distort_color(red, False)) for _ in range(20)]
    assert max(float(hsv[0, 0, 0]) for hsv in fast) < 1e-3
    assert max(float(hsv[0, 0, 0]) for hsv in slow) > 0.1


def test_image_summaries_are_refused():
    with pytest.raises(errors.InputError, match="cannot write summaries"):
        inception.preprocess_image(tf.zeros([8, 8, 3]), 8, 8, add_image_summaries=True)
