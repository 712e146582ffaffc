"""Mixup and CutMix: images and labels have the same shares."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, random_numbers
from slimnets.config.augmentation import AugmentationConfig
from slimnets.preprocessing.mixing import Mixing

SIZE = 20
IMAGES = np.random.default_rng(0).uniform(-1, 1, (4, SIZE, SIZE, 3)).astype(np.float32)
NEXT = np.roll(IMAGES, -1, axis=0)
LABELS = np.array([0, 2, 1, 2])
OWN, OTHER = np.eye(3)[LABELS], np.eye(3)[np.roll(LABELS, -1)]


def mix(count: int, **settings) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns images and targets of as many draws."""
    mixing = Mixing(AugmentationConfig(**settings), 3)

    @tf.function(autograph=False)
    def draw(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with random_numbers.keyed(tf.stack([tf.constant(3, tf.int64), number])):
            return mixing(tf.constant(IMAGES), tf.constant(LABELS, tf.int64))

    pairs = [draw(tf.constant(number, tf.int64)) for number in range(count)]
    return [(images.numpy(), targets.numpy()) for images, targets in pairs]


def find_share(targets: np.ndarray) -> float:
    """Returns the share of their own that all examples have; checks that all do."""
    share = targets[0, 0]
    np.testing.assert_allclose(targets, share * OWN + (1 - share) * OTHER, atol=1e-6)
    return float(share)


def test_mixup():
    shares = []
    for images, targets in mix(200, mixup_alpha=0.4):
        share = find_share(targets)
        np.testing.assert_allclose(
            images, share * IMAGES + (1 - share) * NEXT, atol=1e-5
        )
        shares.append(share)
    # Beta(a, a): mean 1/2, variance 1 / (4 (2a + 1)).
    assert np.mean(shares) == pytest.approx(0.5, abs=0.06)
    assert np.var(shares) == pytest.approx(1 / (4 * 1.8), abs=0.02)


def test_cutmix():
    shares, corners = [], set()
    for images, targets in mix(100, cutmix_alpha=1.0):
        is_other = np.any(images != IMAGES, axis=-1)
        assert np.all(np.where(is_other[..., None], NEXT, IMAGES) == images)
        assert np.all(is_other == is_other[0])
        rows, columns = np.nonzero(is_other[0])
        if rows.size:
            rectangle = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
            assert rows.size == rectangle
            corners.add((rows.min(), columns.min()))
        assert find_share(targets) == pytest.approx(1 - rows.size / SIZE**2, abs=1e-6)
        shares.append(find_share(targets))
    assert len(corners) > 30
    assert 0.5 < np.mean(shares) < 0.85  # what lies outside is cut off


def test_either():
    def count(**settings) -> tuple[int, int]:
        drawn = mix(100, mixup_alpha=1.0, cutmix_alpha=1.0, **settings)
        unmixed = sum(np.array_equal(images, IMAGES) for images, _ in drawn)
        pasted = sum(
            np.all((images == IMAGES) | (images == NEXT)) for images, _ in drawn
        )
        return unmixed, pasted - unmixed

    assert count()[1] == pytest.approx(50, abs=15)
    assert count(mixup_switch_prob=0.0) == (0, 0)
    assert count(mixup_prob=0.3)[0] == pytest.approx(70, abs=15)


def test_an_alpha_so_small_that_nothing_is_mixed():
    for images, targets in mix(50, mixup_alpha=0.001):
        share = find_share(targets)
        assert min(share, 1 - share) < 1e-3
        assert np.all(np.isfinite(images))


def test_several_labels_are_mixed_too():
    labels = tf.constant([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    mixing = Mixing(AugmentationConfig(mixup_alpha=1.0), 3)
    with random_numbers.keyed(tf.constant([1, 1], tf.int64)):
        _, targets = mixing(tf.constant(IMAGES[:2]), labels)
    share = targets[0, 0]
    np.testing.assert_allclose(targets[0], [share, share, 1 - share], atol=1e-6)


def test_one_image_has_no_other():
    mixing = Mixing(AugmentationConfig(mixup_alpha=1.0), 3)
    with pytest.raises(errors.InputError, match="raise --batch_size"):
        mixing(tf.constant(IMAGES[:1]), tf.constant([1], tf.int64))
