"""Test-time augmentation: probabilities are the means of those of single views."""

import json

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import checkpoints
from slimnets.inference import views
from slimnets.model import Model
from slimnets.preprocessing import registry
from tests import extras
from tests.inference.test_evaluator import evaluated, images_and_labels, refused


@pytest.mark.parametrize("activation", [tf.nn.softmax, tf.nn.sigmoid])
def test_the_mean_of_probabilities_in_float64(activation):
    logits = np.random.default_rng(0).normal(0, 9, (4, 5, 3))
    logits[0] -= 300 * np.eye(3)[0]  # whose probability float32 has not
    joined = views.join(tf.constant(logits, tf.float32), activation)
    mean = activation(tf.constant(logits)).numpy().mean(axis=1)
    assert np.isfinite(joined).all()
    found = activation(tf.cast(joined, tf.float64)).numpy()
    np.testing.assert_allclose(found, mean, rtol=1e-4, atol=1e-12)


RECIPE = {"preprocessing_name": "standard(crop=0.8)"}


@pytest.fixture(scope="module")
def expected(trained, toy_data):
    """Returns labels, and the mean of the probabilities of ten separate crops."""
    images, labels = images_and_labels(toy_data, "validation")
    pixels = np.round((images + 1) * 127.5).astype(np.uint8)
    prepare = registry.get_preprocessing("standard(crop=1.0)")
    squares = np.stack([prepare(tf.constant(one), 10, 10) for one in pixels])
    prepare = registry.get_preprocessing("standard(crop=0.8)")
    crops = [np.stack([prepare(tf.constant(one), 8, 8) for one in pixels])]
    crops += [squares[:, y : y + 8, x : x + 8] for y in (0, 2) for x in (0, 2)]
    crops += [crop[:, :, ::-1] for crop in crops]
    model = Model("tiny_bn", 3)
    checkpoints.restore(model.variables_by_name, checkpoints.require(trained))
    shares = [tf.nn.softmax(model(crop)[0]).numpy() for crop in crops]
    return pixels, labels, np.mean(shares, axis=0)


@pytest.mark.parametrize(
    "flags",
    [
        {"batch_size": 30},
        pytest.param({"runtime": "openvino"}, marks=extras.marks("openvino")),
        pytest.param({"runtime": "litert"}, marks=extras.marks("litert")),
        pytest.param({"strategy": "mirrored", "num_clones": 2}, marks=pytest.mark.slow),
    ],
)
def test_an_evaluation(run, tmp_path, expected, flags):
    path = tmp_path / "predictions.jsonl"
    flags = {**RECIPE, "predictions": str(path), **flags}
    [result] = evaluated(run, test_time_augmentation="ten_crops", **flags)
    _, labels, mean = expected
    loss = -np.log(mean[np.arange(7), labels]).mean()
    assert result.summary.loss == pytest.approx(loss, rel=1e-4)
    for line, shares in zip(path.read_text().splitlines(), mean, strict=True):
        found = [one["probability"] for one in json.loads(line)["classes"]]
        np.testing.assert_allclose(found, -np.sort(-shares), 1e-4)
    results = json.loads((run / "eval_validation" / "results-2.json").read_text())
    assert results["test_time_augmentation"] == "ten_crops"


def test_photos_in_memory_and_their_explanation(run, expected):
    pixels, _, mean = expected
    flags = {**RECIPE, "log": lambda line: None}
    classifier = slimnets.load(run, test_time_augmentation="ten_crops", **flags)
    np.testing.assert_allclose(classifier.predict(pixels), mean, 1e-4)
    usual = slimnets.load(run, **flags)
    names = {"class_name": "blue"}
    for one, other in zip(
        classifier.explain(pixels[0], **names),
        usual.explain(pixels[0], **names),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    assert classifier.explain(pixels[0])[1].shape == (8, 8)


def test_a_recipe_without_crops_is_refused(run):
    message = refused(run, test_time_augmentation="ten_crops")
    assert message.startswith("--test_time_augmentation=ten_crops: the recipe plain ")
