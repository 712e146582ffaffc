"""Losses against TensorFlow 1's, Keras', and papers' equations in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.config.loss import LossConfig
from slimnets.training import loss_functions
from slimnets.training.loss_functions import (
    LOSSES,
    make_targets,
    sigmoid_cross_entropy,
    sigmoid_focal,
    softmax_cross_entropy,
    softmax_focal,
)

LOGITS = np.random.default_rng(0).normal(scale=3, size=[6, 5]).astype(np.float32)
LABELS = np.array([0, 4, 2, 2, 1, 3])
ONE = np.eye(5, dtype=np.float32)[LABELS]
MIXED = (0.7 * ONE + 0.3 * ONE[::-1]).astype(np.float32)
SEVERAL = (np.random.default_rng(1).random([6, 5]) < 0.4).astype(np.float32)
WEIGHTS = (1.0, 0.5, 2.0, 3.0, 0.0)
GAMMA, ALPHA = 1.5, 0.3


def softmax(logits: np.ndarray) -> np.ndarray:
    power = np.exp(logits.astype(np.float64))
    return power / power.sum(-1, keepdims=True)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("labels", [LABELS, ONE, MIXED], ids=["ids", "one", "mixed"])
def test_softmax_cross_entropy_is_tensorflow_1s(smoothing, labels):
    loss = softmax_cross_entropy(LOGITS, labels, smoothing)
    assert (loss.shape, loss.dtype) == ([6], tf.float32)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        targets = labels if labels.ndim == 2 else ONE
        mean = tf.compat.v1.losses.softmax_cross_entropy(
            targets, LOGITS, label_smoothing=smoothing
        )
        np.testing.assert_allclose(np.mean(loss), session.run(mean), rtol=1e-5)


def test_half_precision_logits_are_computed_in_float32():
    logits = tf.constant([[1000.0, 999.5]], tf.float16)
    loss = softmax_cross_entropy(logits, tf.constant([0]))
    np.testing.assert_allclose(loss, [np.log1p(np.exp(-0.5))], rtol=1e-6)


@pytest.mark.parametrize("targets", [ONE, MIXED, SEVERAL], ids=["one", "mixed", "some"])
def test_sigmoid_cross_entropy_is_tensorflows(targets):
    loss = sigmoid_cross_entropy(LOGITS, targets)
    expected = tf.nn.sigmoid_cross_entropy_with_logits(targets, LOGITS)
    np.testing.assert_allclose(loss, np.mean(expected, -1), rtol=1e-5)
    weighted = sigmoid_cross_entropy(LOGITS, targets, class_weights=WEIGHTS)
    expected = tf.nn.weighted_cross_entropy_with_logits(
        targets, LOGITS, np.float32(WEIGHTS)
    )
    np.testing.assert_allclose(weighted, np.mean(expected, -1), rtol=1e-5)


def test_class_weights_multiply_the_terms_of_softmax():
    logs = -np.log(softmax(LOGITS))
    plain = softmax_cross_entropy(LOGITS, LABELS, class_weights=WEIGHTS)
    weights = np.array(WEIGHTS)
    expected = weights[LABELS] * logs[range(6), LABELS]
    np.testing.assert_allclose(plain, expected, rtol=1e-5)
    # With smoothing, as PyTorch's cross_entropy(weight=, label_smoothing=) has it.
    smooth = softmax_cross_entropy(LOGITS, LABELS, 0.1, WEIGHTS)
    expected = 0.9 * expected + 0.1 * (weights * logs).mean(-1)
    np.testing.assert_allclose(smooth, expected, rtol=1e-5)


def test_softmax_focal_is_the_papers():
    p = softmax(LOGITS)[range(6), LABELS]
    expected = -((1 - p) ** GAMMA) * np.log(p)
    np.testing.assert_allclose(
        softmax_focal(LOGITS, LABELS, GAMMA), expected, rtol=1e-4
    )
    np.testing.assert_allclose(
        softmax_focal(LOGITS, LABELS, GAMMA, class_weights=WEIGHTS),
        np.array(WEIGHTS)[LABELS] * expected,
        rtol=1e-4,
    )


@pytest.mark.parametrize("targets", [ONE, SEVERAL], ids=["one", "some"])
def test_sigmoid_focal_is_the_papers(targets):
    p = sigmoid(LOGITS)
    p_t = np.where(targets, p, 1 - p)
    alpha_t = np.where(targets, ALPHA, 1 - ALPHA)
    expected = (-alpha_t * (1 - p_t) ** GAMMA * np.log(p_t)).mean(-1)
    loss = sigmoid_focal(LOGITS, targets, GAMMA, ALPHA)
    np.testing.assert_allclose(loss, expected, rtol=1e-4)


def test_without_gamma_focal_is_cross_entropy():
    np.testing.assert_allclose(
        softmax_focal(LOGITS, MIXED, 0.0, 0.1),
        softmax_cross_entropy(LOGITS, MIXED, 0.1),
        rtol=1e-5,
    )
    np.testing.assert_allclose(
        sigmoid_focal(LOGITS, SEVERAL, 0.0), sigmoid_cross_entropy(LOGITS, SEVERAL)
    )


@pytest.mark.parametrize("targets", [ONE, MIXED, SEVERAL], ids=["one", "mixed", "some"])
def test_smoothing_keeps_how_many_classes_an_image_has(targets):
    smooth = make_targets(targets, 5, 0.2)
    np.testing.assert_allclose(np.sum(smooth, -1), targets.sum(-1), rtol=1e-6)
    there = targets[0].argmax()
    expected = 0.8 * targets[0, there] + 0.2 * targets[0].sum() / 5
    np.testing.assert_allclose(smooth[0, there], expected, rtol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_extreme_logits_have_finite_losses_and_gradients(loss, gamma):
    logits = tf.constant([[80.0, -80.0], [-80.0, 80.0], [200.0, -200.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        config = LossConfig(loss, focal_gamma=gamma)
        values = LOSSES[loss](config, logits, tf.constant([0, 0, 1]), None)
    assert np.isfinite(values).all() and values[2] > 100
    assert np.isfinite(tape.gradient(values, logits)).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_ids_and_targets_of_one_class_are_the_same(loss):
    config = LossConfig(loss, label_smoothing=0.1, focal_gamma=1.0)
    by_id, by_target = (
        LOSSES[loss](config, LOGITS, labels, WEIGHTS) for labels in (LABELS, ONE)
    )
    np.testing.assert_allclose(by_id, by_target, rtol=1e-6)


def test_settings_reach_the_loss():
    focal = LossConfig("sigmoid_focal", 0.1, GAMMA, ALPHA)
    np.testing.assert_array_equal(
        loss_functions.LOSSES["sigmoid_focal"](focal, LOGITS, LABELS, WEIGHTS),
        sigmoid_focal(LOGITS, LABELS, GAMMA, ALPHA, 0.1, WEIGHTS),
    )
    np.testing.assert_array_equal(
        loss_functions.LOSSES["softmax_focal"](focal, LOGITS, LABELS, WEIGHTS),
        softmax_focal(LOGITS, LABELS, GAMMA, 0.1, WEIGHTS),
    )
