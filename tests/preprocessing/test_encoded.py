"""Images that are not decoded yet: their sizes, their parts, and all of them."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.preprocessing import encoded, inception
from slimnets.preprocessing.encoded import Encoded

HEIGHT, WIDTH = 83, 120


def smooth(channels: int = 3) -> np.ndarray:
    """Returns a picture that survives JPEG compression and a smaller scale."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [rows, columns, (rows + columns) / 2][:channels]
    return np.stack(planes, -1).astype(np.uint8)


def jpeg(channels: int = 3) -> tf.Tensor:
    return tf.io.encode_jpeg(smooth(channels), quality=100)


def png(channels: int = 3) -> tf.Tensor:
    return tf.io.encode_png(smooth(channels))


@pytest.mark.parametrize("encode", [jpeg, png])
@pytest.mark.parametrize("stored", [1, 3])
@pytest.mark.parametrize("channels", [1, 3])
def test_it_stands_for_the_decoded_image(encode, stored, channels):
    contents = encode(stored)
    image = Encoded(contents, channels)
    expected = tf.io.decode_image(contents, channels)
    assert image.shape.as_list() == [None, None, channels]
    np.testing.assert_array_equal(encoded.read_size(image), [HEIGHT, WIDTH])
    np.testing.assert_array_equal(tf.convert_to_tensor(image), expected)
    np.testing.assert_array_equal(tf.cast(image, tf.float32), expected)


@pytest.mark.parametrize("encode", [jpeg, png])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_part_is_that_of_the_decoded_image(encode, channels):
    contents = encode()
    whole = tf.io.decode_image(contents, channels)
    begin, size = tf.constant([11, 20]), tf.constant([41, 37])
    part = encoded.cut_part(Encoded(contents, channels), begin, size)
    expected = encoded.cut_part(whole, begin, size)
    assert part.dtype == tf.uint8 and part.shape == (41, 37, channels)
    # At the border of a part, colour is interpolated from fewer neighbours.
    np.testing.assert_allclose(part, tf.cast(expected, tf.int32), atol=2)


@pytest.mark.parametrize(
    ("least", "ratio"),
    [((40, 40), 1), ((33, 32), 2), ((20, 10), 2), ((16, 16), 4), ((8, 4), 8)],
)
def test_a_large_part_of_a_jpeg_comes_smaller(least, ratio):
    begin, size = tf.constant([8, 16]), tf.constant([66, 80])
    part = encoded.cut_part(Encoded(jpeg(), 3), begin, size, least)
    assert part.shape == (66 // ratio, 80 // ratio, 3)
    assert part.shape[0] >= least[0] and part.shape[1] >= least[1]
    # A pixel is the mean of those that it stands for.
    middle = (ratio - 1) / 2
    first_row, last_column = 8 + middle, 16 + ratio * (80 // ratio - 1) + middle
    np.testing.assert_allclose(part[0, -1, :2], [first_row, last_column], atol=3)


def test_a_png_comes_whole():
    begin, size = tf.constant([8, 16]), tf.constant([66, 80])
    part = encoded.cut_part(Encoded(png(), 3), begin, size, (8, 8))
    assert part.shape == (66, 80, 3)


@pytest.mark.parametrize("encode", [jpeg, png])
@pytest.mark.parametrize("use_grayscale", [False, True])
def test_the_inception_recipe_sees_the_same(encode, use_grayscale):
    contents = encode()
    results = []
    for image in (Encoded(contents, 3), tf.io.decode_image(contents, 3)):
        tf.random.set_seed(3)
        results.append(
            inception.preprocess_image(
                image, 32, 32, is_training=True, use_grayscale=use_grayscale
            )
        )
    np.testing.assert_allclose(*results, atol=0.03)


def test_no_other_type_comes_of_it():
    with pytest.raises((TypeError, ValueError)):
        tf.convert_to_tensor(Encoded(jpeg(), 3), tf.float32)
