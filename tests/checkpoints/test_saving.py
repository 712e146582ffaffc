"""Saving: on the disk before it has its name, whole after any kill, or not at all."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files, saving

VALUES = {"net/w": np.arange(6, dtype=np.float32)}
WHOLE = ("checkpoint", ".index", ".data-00000-of-00001")


class Killed(BaseException):
    """What a kill leaves undone."""


class Disk:
    """Counts what is done to files, and stops everything at a moment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.done: list[str] = []
        self.last = 1000
        for owner, name in (
            (tf.raw_ops, "SaveV2"),
            (os, "replace"),
            (Path, "unlink"),
            (Path, "write_bytes"),
            (atomic_files, "sync"),
        ):
            monkeypatch.setattr(owner, name, self._watched(name, getattr(owner, name)))

    def _watched(self, name, act):
        def watched(*arguments, **named):
            if len(self.done) >= self.last:
                raise Killed
            prefix = os.fsdecode(named.get("prefix", b""))
            first = prefix or (arguments[0] if arguments else "")
            self.done.append(f"{name} {Path(first).name}")
            return act(*arguments, **named)

        return watched


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_are_on_the_disk_before_the_state_file_names_them(tmp_path, monkeypatch):
    disk = Disk(monkeypatch)
    checkpoints.save(tmp_path, 3, VALUES)
    order = [
        "SaveV2 unfinished-model.ckpt-3",
        "sync unfinished-model.ckpt-3.data-00000-of-00001",
        "sync unfinished-model.ckpt-3.index",
        "replace unfinished-model.ckpt-3.data-00000-of-00001",
        "replace unfinished-model.ckpt-3.index",
        f"sync {tmp_path.name}",
        "write_bytes checkpoint.unfinished",
        "sync checkpoint.unfinished",
        "replace checkpoint.unfinished",
        f"sync {tmp_path.name}",
    ]
    assert [step for step in disk.done if not step.startswith("unlink")] == order


@pytest.mark.parametrize("again", [False, True], ids=["a new step", "one saved before"])
def test_a_kill_at_any_moment_leaves_a_whole_checkpoint(tmp_path, monkeypatch, again):
    moment = 0
    while True:
        folder = tmp_path / str(moment)
        for step in (1, 2, 3) if again else (1, 2):
            checkpoints.save(folder, step, VALUES, keep=2)
        with monkeypatch.context() as patch:
            disk = Disk(patch)
            disk.last = moment
            try:
                checkpoints.save(folder, 3, VALUES, keep=2)
            except Killed:
                killed = True
            else:
                killed = False
        found = checkpoints.find(folder)
        assert checkpoints.get_step(found) in (2, 3)
        np.testing.assert_array_equal(checkpoints.read(found)["net/w"], VALUES["net/w"])
        checkpoints.clear_leftovers(folder)
        assert checkpoints.find(folder) == found
        for name in names(folder):  # nothing but whole checkpoints
            assert name == "checkpoint" or (folder / f"{name[:12]}.index").exists()
        checkpoints.save(folder, 4, VALUES, keep=1)
        left = [name for name in names(folder) if name != "checkpoint"]
        assert {name[:12] for name in left} >= {"model.ckpt-4"}
        if not killed:
            break
        moment += 1
    assert moment > 10


def test_what_is_not_ours_stays(tmp_path):
    checkpoints.save(tmp_path, 1, VALUES)
    others = {"unfinished-notes.txt", "model.ckpt-7.data-00000-of-00001", "photo.jpg"}
    for name in others:
        (tmp_path / name).touch()
    before = names(tmp_path)
    checkpoints.clear_leftovers(tmp_path)
    assert names(tmp_path) == before
    checkpoints.clear_leftovers(tmp_path / "missing")


def test_a_full_disk_leaves_the_earlier_ones_and_nothing_else(tmp_path, monkeypatch):
    kept = checkpoints.save(tmp_path, 1, VALUES)
    before = names(tmp_path)

    def fill(prefix, **_):
        prefix = os.fsdecode(prefix)
        Path(f"{prefix}.data-00000-of-00001.tempstate7").touch()
        raise tf.errors.ResourceExhaustedError(
            None, None, f"{prefix}.data; No space left on device"
        )

    monkeypatch.setattr(tf.raw_ops, "SaveV2", fill)
    with pytest.raises(errors.InputError) as caught:
        checkpoints.save(tmp_path, 2, VALUES)
    message = str(caught.value)
    assert message.startswith(f"cannot write the checkpoint {tmp_path}/model.ckpt-2: ")
    assert "No space left" in message and "memory" not in message
    assert "\n" not in message
    assert names(tmp_path) == before and checkpoints.find(tmp_path) == kept


def test_a_state_file_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    checkpoints.save(tmp_path, 1, VALUES)
    before = (tmp_path / "checkpoint").read_text()

    def refuse(path, *arguments, **named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(errors.InputError, match=f"{tmp_path}/checkpoint"):
        checkpoints.save(tmp_path, 2, VALUES)
    assert (tmp_path / "checkpoint").read_text() == before
    assert not list(tmp_path.glob("*unfinished*"))


def test_the_files_system_may_not_sync(tmp_path, monkeypatch):
    def refuse(descriptor):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    assert checkpoints.read(checkpoints.save(tmp_path, 1, VALUES))
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(errno.EIO, "I/O"))
    )
    with pytest.raises(errors.InputError, match="I/O"):
        checkpoints.save(tmp_path, 2, VALUES)
    assert saving.exists(str(tmp_path / "model.ckpt-1"))
