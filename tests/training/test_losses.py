"""Losses against TensorFlow 1's, and that replicas' shares add up."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.training import losses

LOGITS = np.random.default_rng(0).normal(scale=3, size=[6, 5]).astype(np.float32)
AUXILIARY = np.random.default_rng(1).normal(size=[6, 5]).astype(np.float32)
LABELS = np.array([0, 4, 2, 2, 1, 3])


def tensorflow_1(logits: np.ndarray, smoothing: float, weight: float = 1.0) -> float:
    """The mean over the batch, as research/slim asked for it."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loss = tf.compat.v1.losses.softmax_cross_entropy(
            tf.one_hot(LABELS, 5), logits, weight, label_smoothing=smoothing
        )
        return session.run(loss)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_cross_entropy_is_tensorflow_1s(smoothing):
    loss = losses.softmax_cross_entropy(LOGITS, LABELS, smoothing)
    assert (loss.shape, loss.dtype) == ([6], tf.float32)
    np.testing.assert_allclose(
        np.mean(loss), tensorflow_1(LOGITS, smoothing), rtol=1e-6
    )


def test_half_precision_logits_are_computed_in_float32():
    logits = tf.constant([[1000.0, 999.5]], tf.float16)
    loss = losses.softmax_cross_entropy(logits, tf.constant([0]))
    np.testing.assert_allclose(loss, [np.log1p(np.exp(-0.5))], rtol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_total_is_research_slims(smoothing):
    parts = losses.compute(
        LOGITS,
        {"AuxLogits": AUXILIARY, "Logits": LOGITS},
        LABELS,
        [tf.constant(0.25), tf.constant(0.5)],
        global_batch_size=6,
        label_smoothing=smoothing,
    )
    main = tensorflow_1(LOGITS, smoothing)
    auxiliary = tensorflow_1(AUXILIARY, smoothing, weight=0.4)
    expected = [main + auxiliary + 0.75, main, auxiliary, 0.75]
    np.testing.assert_allclose(parts, expected, rtol=1e-6)


def test_without_auxiliary_head_and_regularization():
    parts = losses.compute(LOGITS, {}, LABELS, [], global_batch_size=6)
    assert parts.auxiliary == 0 and parts.regularization == 0
    assert parts.total == parts.classification


def test_shares_of_the_replicas_add_up():
    whole = losses.compute(
        LOGITS,
        {"AuxLogits": AUXILIARY},
        LABELS,
        [tf.constant(0.3)],
        global_batch_size=6,
    )
    shares = [
        losses.compute(
            LOGITS[part],
            {"AuxLogits": AUXILIARY[part]},
            LABELS[part],
            [tf.constant(0.3)],
            global_batch_size=6,
            num_replicas=2,
        )
        for part in (slice(0, 2), slice(2, 6))
    ]
    np.testing.assert_allclose(np.sum(shares, axis=0), whole, rtol=1e-6)
