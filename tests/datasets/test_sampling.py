"""How often each image is drawn: counted, and in the same way again."""

import collections

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.datasets import pipeline, sampling
from slimnets.datasets.label_counts import read_classes
from slimnets.datasets.record_order import Order

# Of class 0 six images, of 1 three, of 2 one.
CLASSES = np.array([0, 1, 0, 2, 0, 1, 0, 0, 1, 0])


def draws(weights, classes=CLASSES, epochs=1):
    """Returns how often each image is drawn in each epoch."""
    drawn = sampling.make_sampling(classes, weights)
    seeds = [tf.constant([5, epoch], tf.int64) for epoch in range(epochs)]
    return np.array([drawn.count_draws(seed).numpy() for seed in seeds])


def test_balanced_classes_have_equal_shares():
    [counts] = draws([10 / 18, 10 / 9, 10 / 3])
    by_class = [counts[k == CLASSES] for k in range(3)]
    assert sorted(map(sum, by_class)) == [3, 3, 4]  # ten draws
    for of_class in by_class:
        assert of_class.max() - of_class.min() <= 1


def test_given_weights_are_shares_of_an_image():
    [counts] = draws([1, 1, 6])  # of 15 parts 6, 3 and 6: 4, 2 and 4 draws
    assert [counts[k == CLASSES].sum() for k in range(3)] == [4, 2, 4]
    [counts] = draws([1, 0, 4])
    assert [counts[k == CLASSES].sum() for k in range(3)] == [6, 0, 4]


def test_equal_weights_draw_each_once():
    np.testing.assert_array_equal(draws([2, 2, 2]), [np.ones(10)])


def test_unknown_classes_are_drawn_once():
    classes = np.where(CLASSES == 1, -1, CLASSES)
    [counts] = draws([1, 1, 6], classes)
    np.testing.assert_array_equal(counts[classes == -1], 1)
    assert counts.sum() == 10


def test_who_is_drawn_once_more_changes_with_the_epoch():
    counts = draws([1, 1, 6], epochs=60)
    assert np.all(counts.sum(axis=1) == 10)
    of_first = counts[:, CLASSES == 0]
    assert np.all(of_first.sum(axis=0) > 20)  # 40 expected of each image
    assert len({tuple(row) for row in of_first}) > 10
    np.testing.assert_array_equal(counts, draws([1, 1, 6], epochs=60))


def test_no_weight_at_all_is_refused():
    with pytest.raises(errors.InputError, match="every class has the weight 0"):
        draws([0, 0, 0])


@pytest.mark.parametrize(
    "options",
    [{}, pytest.param({"cache": True}, marks=pytest.mark.slow)],
    ids=["read", "cached"],
)
@pytest.mark.parametrize("seed", [7, None])
def test_an_epoch_of_the_pipeline(numbered, seed, options):
    dataset = numbered(9, shards=2)  # the label of image k is k % 3
    drawn = sampling.make_sampling(read_classes(dataset), [1, 1, 4])
    np.testing.assert_array_equal(read_classes(dataset)[drawn.classes == 2], 2)

    def take(epochs, taken=0):
        batches = pipeline.train_batches(
            dataset,
            lambda image: tf.cast(image.whole(), tf.float32)[:4, :4],
            1,
            order=Order(seed, taken, drawn=drawn, **options),
        )
        batches = batches.take(epochs * 9 - taken)
        return [int(image[0, 0, 0, 0]) for image, _ in batches]

    images = take(2)
    for epoch in (images[:9], images[9:]):
        by_class = collections.Counter(k % 3 for k in epoch)
        assert (by_class[0], by_class[1]) in {(2, 1), (1, 2)} and by_class[2] == 6
        assert collections.Counter(epoch)[2] == 2  # each of the last class twice
    assert images[:9] != images[9:]
    if seed is not None:
        assert take(2, taken=4) == images[4:]
