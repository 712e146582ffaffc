"""A LiteRT file classifies as the network does, and carries the classes' names."""

import zipfile

import numpy as np
import pytest
import tensorflow as tf

from slimnets.export import lite
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


@pytest.mark.slow
def test_labels_are_inside_and_beside(network, tmp_path):
    lite.write(tmp_path, network)
    with zipfile.ZipFile(tmp_path / lite.FILE) as archive:
        inside = archive.read("labels.txt").decode("utf-8")
    assert inside.splitlines() == NAMES
    assert (tmp_path / "labels.txt").read_text(encoding="utf-8") == inside
