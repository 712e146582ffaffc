"""A SavedModel holds all that it takes to classify, and no more."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.export import saved_model
from slimnets.export.exportable import Exportable

NAMES = ["tench", "église", "gas pump"]


@pytest.fixture(scope="module")
def folder(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved_model")
    saved_model.write(path, network)
    return path


@pytest.fixture(scope="module")
def loaded(folder):
    return tf.saved_model.load(str(folder))


def assert_same(actual, expected):
    np.testing.assert_allclose(actual, expected, 0, 1e-4 * np.abs(expected).max())


def test_float_images(loaded, images, logits):
    outputs = loaded.signatures["serving_default"](images=tf.constant(images))
    assert outputs.keys() == {"logits", "probabilities", "label"}
    assert_same(outputs["logits"], logits)
    assert_same(outputs["probabilities"], tf.nn.softmax(logits))
    expected = [NAMES[k].encode() for k in logits.argmax(axis=1)]
    assert outputs["label"].numpy().tolist() == expected


@pytest.mark.parametrize("count", [1, 3])
def test_files_of_any_size_and_kind(loaded, encoded, logits, count):
    run = loaded.signatures["bytes"]
    outputs = run(image_bytes=tf.constant(encoded[:count]))
    assert outputs.keys() == {"logits", "probabilities", "label"}
    assert_same(outputs["logits"], logits[:count])


def test_class_names(folder, loaded):
    names = loaded.signatures["class_names"]()["class_names"].numpy()
    assert [name.decode() for name in names] == NAMES
    lines = (folder / "labels.txt").read_text(encoding="utf-8").splitlines()
    assert lines == NAMES
    assert (folder / "assets" / "labels.txt").read_bytes() == (
        folder / "labels.txt"
    ).read_bytes()


def test_it_holds_the_folded_kernels_alone(folder, model):
    held = sum(
        np.prod(shape, dtype=int)
        for name, shape in tf.train.list_variables(str(folder / "variables/variables"))
        if name.endswith("VARIABLE_VALUE")
    )
    kernels_and_biases = sum(
        variable.shape.num_elements()
        for name, variable in model.variables_by_name.items()
        if not name.endswith(("gamma", "moving_mean", "moving_variance"))
    )
    assert held == kernels_and_biases


def test_a_layer_with_a_gradient_of_its_own(tmp_path):
    """As depthwise convolutions in bfloat16 have: TensorFlow refused to save those."""

    @tf.custom_gradient
    def double(values):
        return 2 * values, lambda gradient: 2 * gradient * values

    network = Exportable(
        logits=lambda images: tf.reduce_mean(double(double(images)), [1, 2]),
        image_size=4,
        channels=3,
        preprocess=lambda image: tf.cast(image, tf.float32),
        class_names=("a", "b", "c"),
    )
    saved_model.write(tmp_path, network)
    run = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    logits = run(images=tf.ones([2, 4, 4, 3]))["logits"].numpy()
    np.testing.assert_array_equal(logits, np.full([2, 3], 4.0))


@pytest.mark.slow
def test_it_runs_in_a_process_without_slimnets(folder, encoded, images, logits):
    assert "slimnets" not in saved_model._PROGRAM.read_text()
    found = saved_model.run(folder, encoded, images)
    assert found.keys() == {"serving_default", "pixels", "bytes"}
    for value in found.values():
        assert_same(value, logits)


@pytest.mark.slow
def test_what_does_not_run_is_one_line(tmp_path, encoded, images):
    with pytest.raises(errors.InputError) as caught:
        saved_model.run(tmp_path, encoded, images)
    assert str(caught.value).startswith("plain TensorFlow does not run it: OSError")
    assert "\n" not in str(caught.value)
