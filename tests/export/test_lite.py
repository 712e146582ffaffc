"""A LiteRT file classifies as the network does, and carries the classes' names."""

import sys
import zipfile

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.export import lite
from slimnets.preprocessing import registry as preprocessing
from tests import extras

NAMES = ["tench", "église", "gas pump"]


def assert_same(actual, expected):
    np.testing.assert_allclose(actual, expected, 0, 1e-4 * np.abs(expected).max())


@extras.needs("litert")
def test_images_and_pixels(network, encoded, images, logits, tmp_path):
    lite.write(tmp_path, network)
    found = lite.run(tmp_path, encoded, images)
    assert found.keys() == {"serving_default", "pixels"}
    for value in found.values():
        assert_same(value, logits)
    run = lite.make_interpreter(
        model_path=str(tmp_path / lite.FILE)
    ).get_signature_runner("serving_default")
    for count in (1, 3):  # of any batch size
        outputs = run(images=images[:count])
        assert outputs.keys() == {"logits", "probabilities"}
        assert_same(outputs["probabilities"], tf.nn.softmax(logits[:count]))
    pixels = lite.make_interpreter(
        model_path=str(tmp_path / lite.FILE)
    ).get_signature_runner("pixels")
    with pytest.raises((RuntimeError, ValueError)):  # takes one, and drops no others
        pixels(pixels=np.zeros([2, 30, 40, 3], np.uint8))


@extras.needs("litert")
@pytest.mark.parametrize("name", ["imagenet", "lenet", "plain", "vgg"])
def test_every_recipe_runs_inside(network, encoded, name, tmp_path):
    recipe = preprocessing.get_preprocessing(name)

    def prepare(image: tf.Tensor) -> tf.Tensor:
        return recipe(image, network.image_size, network.image_size)

    def mean(images: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(images[:, ::3], axis=[1, 2])

    lite.write(tmp_path, network._replace(logits=mean, preprocess=prepare))
    images = np.stack([prepare(network.decode(one)) for one in encoded])
    found = lite.run(tmp_path, encoded, images)
    assert_same(found["pixels"], mean(images))


@pytest.mark.slow
def test_labels_are_inside_and_beside(network, tmp_path):
    lite.write(tmp_path, network)
    with zipfile.ZipFile(tmp_path / lite.FILE) as archive:
        inside = archive.read("labels.txt").decode("utf-8")
    assert inside.splitlines() == NAMES
    assert (tmp_path / "labels.txt").read_text(encoding="utf-8") == inside


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(errors.InputError) as caught:
        lite.import_litert()
    assert str(caught.value) == (
        "ai_edge_litert is not installed: pip install 'slimnets[litert]', or in a"
        " checkout pip install '.[litert]'"
    )
