"""The embedded digits are scikit-learn's, and can be made again byte for byte."""

import sys

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.datasets import arrays, optical_digits, registry, tfrecord


def test_committed_shards_are_regenerated_byte_for_byte(tmp_path):
    pytest.importorskip("sklearn", reason="scikit-learn holds the digits")
    arrays.convert(optical_digits.load(), tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in registry.DIGITS.iterdir()}
    assert made.keys() == committed.keys()
    for name, content in made.items():
        assert content == committed[name], (
            f"{name} differs; if that is meant: python -m train.convert_dataset"
            " --dataset=digits --output=slimnets/datasets/digits --overwrite"
        )


def test_digits_are_gray_from_black_to_white():
    dataset = registry.get_dataset(None, "test")
    values = set()
    for record in tf.data.TFRecordDataset(list(dataset.files)).take(50):
        image = tf.io.decode_png(tfrecord.parse_example(record)["encoded"])
        assert image.shape == (8, 8, 1)
        values.update(np.unique(image))
    assert values == {round(value * 255 / 16) for value in range(17)}


def test_without_scikit_learn_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(errors.InputError, match="pip install scikit-learn"):
        optical_digits.load()
