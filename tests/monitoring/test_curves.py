"""Learning curves as a picture."""

import math
import sys

import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.monitoring import curves

PANELS = {
    "loss": {"train": [(1, None), (2, 0.5)], "validation": [(1, math.nan), (2, 0.6)]},
    "share": {"validation top1": [(1, 0.5), (2, 0.75)]},
}


def test_a_picture(tmp_path):
    path = tmp_path / curves.FILE
    curves.draw(path, PANELS, best=2)
    picture = tf.io.decode_png(path.read_bytes(), 3).numpy()
    assert picture.shape == (900, 800, 3)
    assert len({tuple(colour) for colour in picture.reshape(-1, 3)[::7]}) > 10
    assert [file.name for file in tmp_path.iterdir()] == [curves.FILE]


def test_a_library_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(errors.InputError, match=r"pip install 'slimnets\[plot\]'"):
        curves.require()
