"""Contact sheets: every picture at its place, pixel for pixel."""

import sys

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.report import contact_sheet


def decode(content: bytes) -> np.ndarray:
    return tf.io.decode_png(content, 3).numpy()


def test_every_pixel_is_seen_as_it_is():
    random = np.random.default_rng(0)
    pictures = [
        random.integers(0, 256, (64, 64, 3), np.uint8),
        random.integers(0, 256, (130, 100, 1), np.uint8),
        random.integers(0, 256, (30, 60, 3), np.uint8),
    ]
    sheet = decode(contact_sheet.draw(pictures, ["one", "two $x_", "three"], 2))
    # Two columns of 128, two rows of 130 with a line of 15 below, gaps of 8.
    assert sheet.shape == (8 + 2 * (130 + 15 + 8), 8 + 2 * (128 + 8), 3)
    twice = pictures[0].repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(sheet[8:136, 8:136], twice)
    gray = np.broadcast_to(pictures[1], (130, 100, 3))
    np.testing.assert_array_equal(sheet[8:138, 144:244], gray)
    small = pictures[2].repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(sheet[161:221, 8:128], small)


def test_captions_stand_below_and_within():
    white = np.full((128, 128, 3), 255, np.uint8)
    words = "a name that is much too long for a line of its own"
    sheet = decode(contact_sheet.draw([white, white], [words, ""]))
    dark = np.argwhere(sheet.min(-1) < 128)
    assert dark[:, 0].min() > 8 + 128
    assert dark[:, 1].max() < 8 + 128 + 8
    lines = (sheet.shape[0] - 128 - 2 * 8) // 15
    assert lines == 3


def test_a_library_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(errors.InputError, match=r"pip install 'slimnets\[plot\]'"):
        contact_sheet.require()
