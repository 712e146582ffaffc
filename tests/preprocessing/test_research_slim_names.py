"""research/slim's recipe modules give what ours give, and what its clients take."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.preprocessing import (
    cifarnet,
    cifarnet_preprocessing,
    inception,
    inception_preprocessing,
    lenet,
    lenet_preprocessing,
    preprocessing_factory,
    vgg,
    vgg_preprocessing,
)

v1 = tf.compat.v1
IMAGE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
MODULES = [
    (inception_preprocessing, inception),
    (vgg_preprocessing, vgg),
    (lenet_preprocessing, lenet),
    (cifarnet_preprocessing, cifarnet),
]


@pytest.mark.parametrize(("theirs", "ours"), MODULES)
def test_evaluation_is_our_recipe_in_a_v1_graph(theirs, ours):
    expected = ours.preprocess_image(tf.constant(IMAGE), 24, 28)
    with tf.Graph().as_default(), v1.Session() as session:
        image = v1.placeholder(tf.uint8, [None, None, 3])
        prepared = theirs.preprocess_image(image, 24, 28, is_training=False)
        value = session.run(prepared, {image: IMAGE})
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("theirs", "ours"), MODULES)
def test_training_differs_from_run_to_run(theirs, ours):
    with tf.Graph().as_default(), v1.Session() as session:
        image = v1.placeholder(tf.uint8, [None, None, 3])
        prepared = theirs.preprocess_image(image, 24, 28, is_training=True)
        first, second = (session.run(prepared, {image: IMAGE}) for _ in range(2))
        summaries = [s.op.name for s in v1.get_collection(v1.GraphKeys.SUMMARIES)]
    assert first.shape == (24, 28, 3)
    assert np.array_equal(first, second) == (ours is lenet)
    assert len(summaries) == 2 * (ours in (inception, cifarnet))


def test_the_factory_is_ours():
    prepare = preprocessing_factory.get_preprocessing("vgg_16", is_training=False)
    np.testing.assert_array_equal(
        prepare(tf.constant(IMAGE), 24, 24), vgg.preprocess_image(IMAGE, 24, 24)
    )
    with pytest.raises(errors.InputError, match="did you mean"):
        preprocessing_factory.get_preprocessing("vgg_61")


@pytest.mark.parametrize("fast_mode", [True, False])
@pytest.mark.parametrize("ordering", range(4))
def test_colours_are_distorted_within_their_range(fast_mode, ordering):
    image = tf.constant(IMAGE, tf.float32) / 255
    distorted = inception_preprocessing.distort_color(image, ordering, fast_mode)
    assert 0 <= np.min(distorted) < np.max(distorted) <= 1
    assert not np.allclose(distorted, image)


def test_an_unknown_order_of_colours_is_an_error():
    with pytest.raises(ValueError, match="not 4"):
        inception_preprocessing.distort_color(tf.zeros([2, 2, 3]), 4, fast_mode=False)


def test_a_part_comes_with_its_box():
    part, box = inception_preprocessing.distorted_bounding_box_crop(
        tf.constant(IMAGE), tf.zeros([1, 0, 4])
    )
    top, left, bottom, right = np.round(box[0, 0] * [40, 50, 40, 50]).astype(int)
    np.testing.assert_array_equal(part, IMAGE[top:bottom, left:right])


def test_one_of_the_cases_is_applied():
    chosen = {
        int(
            inception_preprocessing.apply_with_random_selector(
                10, lambda x, i: x + i, 3
            )
        )
        for _ in range(40)
    }
    assert chosen == {10, 11, 12}


def test_parts_of_the_vgg_recipe():
    means = [
        vgg_preprocessing._R_MEAN,
        vgg_preprocessing._G_MEAN,
        vgg_preprocessing._B_MEAN,
    ]
    image = tf.constant(IMAGE, tf.float32)
    np.testing.assert_allclose(
        vgg_preprocessing._mean_image_subtraction(image, means), IMAGE - means, 0, 1e-4
    )
    with pytest.raises(ValueError, match="number of channels"):
        vgg_preprocessing._mean_image_subtraction(image, means[:2])
    assert vgg_preprocessing._aspect_preserving_resize(image, 20).shape == [20, 25, 3]
    crops = vgg_preprocessing._random_crop([image, 2 * image], 8, 9)
    np.testing.assert_array_equal(2 * crops[0], crops[1])
    assert crops[0].shape == [8, 9, 3]
    (middle,) = vgg_preprocessing._central_crop([image], 38, 48)
    np.testing.assert_array_equal(middle, IMAGE[1:-1, 1:-1])
