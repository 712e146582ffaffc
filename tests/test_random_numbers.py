"""Random numbers follow from a key where one is given, else from TensorFlow's state."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import random_numbers


def key(number: int) -> tf.Tensor:
    return tf.constant([random_numbers.hash_seed("test", 1), number], tf.int64)


def draw() -> list[np.ndarray]:
    """Draws in each of the three ways."""
    return [
        random_numbers.uniform([4]).numpy(),
        random_numbers.uniform([4], 3, 9, tf.int32).numpy(),
        random_numbers.draw_seed().numpy(),
        random_numbers.dropout(tf.ones([40]), 0.5, None, None).numpy(),
    ]


def test_a_key_repeats_what_is_drawn_and_another_does_not():
    with random_numbers.keyed(key(1)):
        first, second = draw(), draw()
    tf.random.uniform([])  # TensorFlow's state has no part in it
    with random_numbers.keyed(key(1)):
        again = draw()
    with random_numbers.keyed(key(2)):
        other = draw()
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    for different in (second, other):
        for one, another in zip(first, different, strict=True):
            assert np.any(one != another)


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16, tf.float64])
@pytest.mark.parametrize("shape", [[4, 3], [1, 5], [2, 2, 2]])
def test_shares_together_draw_what_one_batch_does(dtype, shape):
    def draw(batch: int) -> tuple[tf.Tensor, tf.Tensor]:
        sizes = [batch, *shape[1:]]
        dropped = random_numbers.dropout(tf.ones(sizes, dtype), 0.5, None, None)
        return dropped, random_numbers.uniform(sizes, -1, 1, dtype)

    with random_numbers.keyed(key(1)):
        whole = draw(3 * shape[0])
    parts = []
    for share in range(3):
        with random_numbers.keyed(key(1), tf.constant(share, tf.int64)):
            parts.append(draw(shape[0]))
    for one, shared in zip(whole, zip(*parts, strict=True), strict=True):
        np.testing.assert_array_equal(one, tf.concat(shared, 0))


def test_a_choice_for_all_examples_is_that_of_all_shares():
    def drop(batch: int, share: int) -> np.ndarray:
        with random_numbers.keyed(key(1), tf.constant(share, tf.int64)):
            noise_shape = [1, 64]
            return random_numbers.dropout(
                tf.ones([batch, 64]), 0.5, noise_shape, None
            ).numpy()

    np.testing.assert_array_equal(drop(2, 0), drop(2, 1))
    assert np.any(drop(1, 0) != drop(1, 1))  # an example of its own


def test_without_a_key_tensorflows_own_ops_draw():
    def of_tensorflow() -> list[np.ndarray]:
        return [
            tf.random.uniform([4]).numpy(),
            tf.random.uniform([4], 3, 9, tf.int32).numpy(),
            tf.random.uniform([2], maxval=tf.int32.max, dtype=tf.int32).numpy(),
            tf.nn.dropout(tf.ones([40]), 0.5).numpy(),
        ]

    tf.random.set_seed(3)
    expected = of_tensorflow()
    tf.random.set_seed(3)
    for one, other in zip(draw(), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_numbers_are_in_their_range():
    with random_numbers.keyed(key(1)):
        fractions = random_numbers.uniform([1000], -0.5, 0.5).numpy()
        integers = random_numbers.uniform([1000], 3, 9, tf.int32).numpy()
        kept = random_numbers.dropout(tf.ones([1000]), 0.2, None, None).numpy()
    assert -0.5 <= fractions.min() < -0.4 and 0.4 < fractions.max() < 0.5
    assert set(integers) == {3, 4, 5, 6, 7, 8}
    assert set(kept.tolist()) == {0.0, 1.25} and 0.7 < np.mean(kept > 0) < 0.9


def test_neighbouring_seeds_and_other_uses_share_nothing():
    hashes = {
        random_numbers.hash_seed(use, *numbers)
        for use in ("images", "layers")
        for numbers in ((1,), (2,), (1, 1), (11,))
    }
    assert len(hashes) == 8
    assert random_numbers.hash_seed("images", 1) == -1384747836166441410
