"""Differences: missing, of other shapes, and by how much values differ."""

import numpy as np
import pytest

from slimnets import checkpoints, errors
from slimnets.maintenance import difference

BASE = {
    "same": np.array([1, np.nan], np.float32),
    "moved": np.array([2, -4], np.float32),
    "gone": np.ones([1], np.float32),
    "shaped": np.ones([2], np.float32),
    "typed": np.ones([2], np.float32),
    "broken": np.ones([2], np.float32),
}


def test_each_kind_of_difference_is_told(tmp_path):
    one = checkpoints.save(tmp_path / "1", 1, BASE)
    changed = {name: value for name, value in BASE.items() if name != "gone"} | {
        "moved": np.array([2, -3], np.float32),
        "new": np.ones([1], np.float32),
        "shaped": np.ones([3], np.float32),
        "typed": np.ones([2], np.float64),
        "broken": np.array([1, np.nan], np.float32),
    }
    other = checkpoints.save(tmp_path / "2", 2, changed)
    found = difference.compare(one, other)
    assert found.only == (("gone",), ("new",))
    assert found.misshapen == (
        "shaped: float32 [2] and float32 [3]",
        "typed: float32 [2] and float64 [2]",
    )
    assert found.changes == (("broken", np.inf, np.inf), ("moved", 1.0, 0.25))
    assert found.equal == 1 and not found.is_none
    assert "1 variables are the same, 2 differ" in str(found)


def test_a_checkpoint_is_the_same_as_itself(run):
    found = difference.compare(str(run), str(run / "model.ckpt-3"))
    assert found.is_none and found.equal > 10
    with pytest.raises(errors.InputError, match="no checkpoint"):
        difference.compare(str(run), str(run / "none"))
