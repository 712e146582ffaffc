"""Batches are mixed by the place that they have among those of all workers."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import random_numbers
from slimnets.config.augmentation import AugmentationConfig
from slimnets.datasets import pipeline
from slimnets.datasets.batching import Division
from slimnets.datasets.record_order import Order
from slimnets.preprocessing.mixing import Mixing

STEPS, BATCH = 2, 2
BOTH = Mixing(AugmentationConfig(mixup_alpha=0.5, cutmix_alpha=1.0), num_classes=3)


def plain(image: tf.Tensor) -> tf.Tensor:
    return tf.ensure_shape(tf.cast(image, tf.float32), [4, 4, 1])


def show_draw(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives each image what is drawn for its batch as its label."""
    return images, tf.zeros(labels.shape) + random_numbers.uniform([])


@pytest.fixture
def mixed(numbered):
    """Returns a maker of images and labels of some steps, of all workers' replicas."""
    dataset = numbered(30, shards=2)

    def run(mix, workers, replicas, taken=0):
        turns = []
        for index in range(workers):
            batches = pipeline.train_batches(
                dataset,
                plain,
                BATCH,
                order=Order(3, taken, (index, workers)),
                division=Division(replicas=replicas),
                mix=mix,
            ).take(STEPS * replicas)
            parts = zip(*batches.as_numpy_iterator(), strict=True)
            turns.append([np.reshape(p, [STEPS, -1, *p[0].shape[1:]]) for p in parts])
        return [np.concatenate(parts, axis=1) for parts in zip(*turns, strict=True)]

    return run


def test_each_batch_has_a_draw_of_its_own(mixed):
    _, draws = mixed(show_draw, workers=2, replicas=2)
    assert draws.shape == (STEPS, 4 * BATCH)
    assert len(np.unique(draws)) == STEPS * 4


@pytest.mark.slow
def test_workers_go_on_mixing_as_replicas_did(mixed):
    whole = mixed(BOTH, workers=1, replicas=2)
    resumed = mixed(BOTH, workers=2, replicas=1, taken=2 * BATCH)
    for part, other in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(part[1:], other[:-1])
