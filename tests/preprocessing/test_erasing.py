"""Random erasing: rectangles of the paper's areas and shapes."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import random_numbers
from slimnets.preprocessing import erasing


def erased(mode: str, probability: float, count: int = 100) -> np.ndarray:
    """Returns [count, 40, 50, 3] of images of ones."""

    @tf.function(autograph=False)
    def erase(number: tf.Tensor) -> tf.Tensor:
        with random_numbers.keyed(tf.stack([tf.constant(3, tf.int64), number])):
            return erasing.erase(tf.ones([40, 50, 3]), probability, mode)

    return np.stack([erase(tf.constant(n, tf.int64)) for n in range(count)])


def test_a_rectangle_is_erased_and_nothing_else():
    images = erased("zeros", 1.0)
    tops, areas = set(), []
    for image in images:
        rows, columns = np.nonzero(image[:, :, 0] == 0)
        inside = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert np.all(inside == 0)
        assert inside.size == np.sum(image == 0)
        height, width, _ = inside.shape
        assert 0.25 < height / width < 4
        areas.append(height * width / 2000)
        tops.add(rows.min())
    assert min(areas) > 0.015 and max(areas) < 0.35
    assert np.mean(areas) == pytest.approx(0.175, abs=0.03)
    assert len(tops) > 15


def test_as_many_as_wanted():
    is_erased = np.any(erased("zeros", 0.3) == 0, axis=(1, 2, 3))
    assert np.mean(is_erased) == pytest.approx(0.3, abs=0.12)


def test_noise_is_normal_and_in_each_value():
    images = erased("noise", 1.0, 20)
    noise = images[images != 1]
    assert np.mean(noise) == pytest.approx(0, abs=0.05)
    assert np.std(noise) == pytest.approx(1, abs=0.05)
    assert len(set(noise.tolist())) > 0.99 * noise.size
