"""Checkpoints beside a running training, with a clock that sleeping moves."""

from pathlib import Path

import numpy as np
import pytest

from slimnets import checkpoints, errors


def save(folder: Path, step: int) -> None:
    """Writes a small checkpoint."""
    checkpoints.save(folder, step, {"a": np.zeros(1, np.float32)})


def steps(folder: Path, *arguments: int) -> list[int]:
    """Returns the steps of the checkpoints that appear."""
    found = checkpoints.iterate(str(folder), *arguments)
    return [checkpoints.get_step(path) for path in found]


def test_each_one_until_none_comes(tmp_path, during_sleep):
    during_sleep += [
        lambda: save(tmp_path, 1),
        lambda: None,
        lambda: save(tmp_path, 2),
    ]
    assert steps(tmp_path, 10, 25) == [1, 2]
    assert not during_sleep


def test_a_folder_that_is_made_later(tmp_path, during_sleep):
    during_sleep += [lambda: save(tmp_path / "later", 4)]
    assert steps(tmp_path / "later", 10, 60) == [4]


def test_one_that_never_comes(tmp_path, during_sleep):
    with pytest.raises(errors.InputError, match="no checkpoint in the folder"):
        steps(tmp_path, 10, 25)


def test_one_checkpoint_is_evaluated_once(tmp_path, during_sleep):
    save(tmp_path, 4)
    assert steps(tmp_path / "model.ckpt-4", 10, 25) == [4]


def test_without_an_interval_the_present_one(tmp_path):
    save(tmp_path, 4)
    assert steps(tmp_path, 0, 0) == [4]
    with pytest.raises(errors.InputError, match="no checkpoint"):
        steps(tmp_path / "none", 0, 0)


def test_the_next_one_where_the_present_one_is_removed(tmp_path):
    save(tmp_path, 4)
    found = checkpoints.iterate(str(tmp_path), 0, 0)
    next(found)
    checkpoints.save(tmp_path, 5, {"a": np.zeros(1, np.float32)}, keep=1)
    assert [checkpoints.get_step(path) for path in found] == [5]
