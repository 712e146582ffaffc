"""The detector and the segmenter learn, on top of networks of ours."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import slimnets

EXAMPLES = Path(__file__).parents[2] / "examples"


def load_example(name: str):
    """Imports an example by its file."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def train(model: slimnets.Model, images: tf.Tensor, loss_of, steps: int = 4) -> list:
    """Returns the losses of some steps of gradient descent."""
    losses = []
    variables = list(model.trainable_by_name.values())

    @tf.function(autograph=False)
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_of(*model(images, is_training=True))
        for variable, gradient in zip(
            variables, tape.gradient(loss, variables), strict=True
        ):
            if gradient is not None:
                variable.assign_sub(0.05 * gradient)
        return loss

    for _ in range(steps):
        losses.append(float(step()))
    return losses


@pytest.mark.slow
def test_the_detector_learns():
    detector = load_example("detector")
    model = slimnets.Model(detector.build_detector, 3, image_size=96)
    images = tf.constant(np.random.default_rng(0).uniform(-1, 1, [2, 96, 96, 3]))
    classes, end_points = model(images)
    anchors = (6 * 6 + 3 * 3) * detector.ANCHORS
    assert classes.shape == (2, anchors, 3) and end_points["boxes"].shape[1:] == (
        anchors,
        4,
    )
    truth = tf.constant(np.arange(2 * anchors).reshape(2, anchors) % 3)

    def loss_of(classes, end_points):
        found = tf.nn.sparse_softmax_cross_entropy_with_logits(truth, classes)
        return tf.reduce_mean(found) + tf.reduce_mean(end_points["boxes"] ** 2)

    losses = train(model, images, loss_of)
    assert losses[-1] < losses[0]


@pytest.mark.slow
def test_the_segmenter_learns():
    segmenter = load_example("segmenter")
    model = slimnets.Model(segmenter.build_segmenter, 2, image_size=64)
    images = tf.constant(np.random.default_rng(0).uniform(-1, 1, [2, 64, 64, 3]))
    truth = tf.cast(images[..., 0] > 0, tf.int64)
    assert model(images)[0].shape == (2, 64, 64, 2)

    def loss_of(logits, _):
        found = tf.nn.sparse_softmax_cross_entropy_with_logits(truth, logits)
        return tf.reduce_mean(found)

    losses = train(model, images, loss_of)
    assert losses[-1] < losses[0]
