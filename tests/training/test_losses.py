"""The total is research/slim's, and replicas' shares add up."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.config.loss import LossConfig
from slimnets.training import losses
from slimnets.training.loss_functions import LOSSES

LOGITS = np.random.default_rng(0).normal(scale=3, size=[6, 5]).astype(np.float32)
AUXILIARY = np.random.default_rng(1).normal(size=[6, 5]).astype(np.float32)
LABELS = np.array([0, 4, 2, 2, 1, 3])
TARGETS = np.eye(5, dtype=np.float32)[LABELS]


def tensorflow_1(logits: np.ndarray, smoothing: float, weight: float = 1.0) -> float:
    """The mean over the batch, as research/slim asked for it."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loss = tf.compat.v1.losses.softmax_cross_entropy(
            tf.one_hot(LABELS, 5), logits, weight, label_smoothing=smoothing
        )
        return session.run(loss)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_total_is_research_slims(smoothing):
    parts = losses.compute(
        LossConfig(label_smoothing=smoothing),
        LOGITS,
        {"AuxLogits": AUXILIARY, "Logits": LOGITS},
        LABELS,
        [tf.constant(0.25), tf.constant(0.5)],
        global_batch_size=6,
    )
    main = tensorflow_1(LOGITS, smoothing)
    auxiliary = tensorflow_1(AUXILIARY, smoothing, weight=0.4)
    expected = [main + auxiliary + 0.75, main, auxiliary, 0.75]
    np.testing.assert_allclose(parts, expected, rtol=1e-6)


def test_without_auxiliary_head_and_regularization():
    parts = losses.compute(LossConfig(), LOGITS, {}, LABELS, [], global_batch_size=6)
    assert parts.auxiliary == 0 and parts.regularization == 0
    assert parts.total == parts.classification


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("labels", [LABELS, TARGETS], ids=["ids", "targets"])
def test_shares_of_the_replicas_add_up(loss, labels):
    config = LossConfig(loss, label_smoothing=0.1)
    whole = losses.compute(
        config,
        LOGITS,
        {"AuxLogits": AUXILIARY},
        labels,
        [tf.constant(0.3)],
        global_batch_size=6,
        class_weights=[1, 2, 1, 1, 3],
    )
    shares = [
        losses.compute(
            config,
            LOGITS[part],
            {"AuxLogits": AUXILIARY[part]},
            labels[part],
            [tf.constant(0.3)],
            global_batch_size=6,
            num_replicas=2,
            class_weights=[1, 2, 1, 1, 3],
        )
        for part in (slice(0, 2), slice(2, 6))
    ]
    np.testing.assert_allclose(np.sum(shares, axis=0), whole, rtol=1e-6)


def test_right_are_those_with_their_class_on_top():
    top = LOGITS.argmax(-1)
    assert losses.count_right(LOGITS, tf.constant(top)) == 6
    assert losses.count_right(LOGITS, tf.constant((top + 1) % 5)) == 0


@pytest.mark.parametrize(
    ("targets", "right"),
    [
        ([[0.7, 0.3, 0.0]], 0),  # mixed
        ([[0.3, 0.7, 0.0]], 1),
        ([[1.0, 1.0, 0.0]], 1),  # of two classes
        ([[1.0, 0.0, 1.0]], 0),
        ([[0.0, 0.0, 0.0]], 0),  # of none
    ],
)
def test_the_largest_targets_are_right(targets, right):
    logits = tf.constant([[0.1, 0.9, 0.5]])
    assert losses.count_right(logits, tf.constant(targets)) == right
