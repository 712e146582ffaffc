"""Cleaning: shown first; the newest, the best and running trainings are safe."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from slimnets import checkpoints, errors
from slimnets.checkpoints import reading
from slimnets.config.checkpoint_files import CleaningConfig
from slimnets.maintenance import cleaning, listing

HOLD = (
    "import sys; from pathlib import Path; from slimnets import folder_lock\n"
    "with folder_lock.lock(Path(sys.argv[1]), 'training'):\n"
    "    print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Returns a run's folder of six checkpoints, of which the first is the best."""
    run = tmp_path / "run"
    for step in range(1, 7):
        checkpoints.save(run, step, {"w": np.full([3], step, np.float32)}, keep=0)
    checkpoints.copy(str(run / "model.ckpt-1"), run / "best")
    (run / "unfinished-model.ckpt-9.index").write_bytes(b"x")
    (run / "unfinished-model.ckpt-9.data-00000-of-00001").write_bytes(b"x")
    (run / "model.ckpt-9.data-00000-of-00001").write_bytes(b"x")
    return run


def steps(folder: Path) -> list[int]:
    return [item.step for item in listing.read(folder).items]


def test_without_yes_nothing_is_removed(folder):
    before = sorted(folder.rglob("*"))
    text = cleaning.clean(str(folder), CleaningConfig(keep=2))
    assert f"would remove {folder}/model.ckpt-4" in text
    assert "kept: model.ckpt-1, model.ckpt-5, model.ckpt-6" in text
    assert "model.ckpt-9.data-00000-of-00001, left by a failed save" in text
    assert sorted(folder.rglob("*")) == before


def test_the_newest_and_the_best_stay(folder):
    text = cleaning.clean(str(folder), CleaningConfig(keep=2, yes=True))
    assert f"removed {folder}/model.ckpt-2" in text
    assert steps(folder) == [1, 5, 6]
    assert checkpoints.find(folder) == str(folder / "model.ckpt-6")
    assert checkpoints.find(folder / "best") is not None
    assert not listing.read(folder).leftovers
    assert not list(folder.glob("*ckpt-9*")) and not (folder / ".lock").exists()
    again = cleaning.clean(str(folder), CleaningConfig(keep=2, yes=True))
    assert again == f"{folder}: nothing to remove"


@pytest.mark.parametrize("yes", [False, True])
def test_each_checkpoint_is_read_once(folder, monkeypatch, yes):
    opened = []
    monkeypatch.setattr(
        reading, "Reader", lambda path: opened.append(path) or checkpoints.Reader(path)
    )
    cleaning.clean(str(folder), CleaningConfig(keep=2, yes=yes))
    of_run = [str(folder / f"model.ckpt-{step}") for step in range(1, 7)]
    assert sorted(opened) == [str(folder / "best/model.ckpt-1"), *of_run]


def test_a_damaged_newest_does_not_cost_the_whole_one(folder):
    data = folder / "model.ckpt-6.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-4])
    cleaning.clean(str(folder), CleaningConfig(keep=1, yes=True))
    assert steps(folder) == [1, 5, 6]
    assert checkpoints.find(folder) == str(folder / "model.ckpt-5")


def test_what_training_did_not_name_stays(folder):
    source = checkpoints.Reader(str(folder / "model.ckpt-1")).read()
    checkpoints.save(folder / "x", 1, source)
    for file in (folder / "x").glob("model.ckpt-1.*"):
        file.rename(folder / file.name.replace("model.ckpt-1", "published.ckpt"))
    cleaning.clean(str(folder), CleaningConfig(keep=1, yes=True))
    assert (folder / "published.ckpt.index").exists()


@pytest.mark.parametrize("inside", ["", "best"])
def test_a_running_training_keeps_its_folder(folder, inside):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as holder:  # at its end stdin is closed, and the process ends
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(errors.InputError, match="training by process"):
            cleaning.clean(str(folder / inside), CleaningConfig(keep=1, yes=True))
        assert "training by process" in listing.describe(listing.read(folder))
        assert steps(folder) == [1, 2, 3, 4, 5, 6]


def test_a_fault_is_one_line(folder):
    with pytest.raises(errors.InputError, match="is no folder"):
        cleaning.clean(str(folder / "none"), CleaningConfig())
