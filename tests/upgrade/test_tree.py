"""Folders: all that is in one is copied, and nothing written over."""

import os
import sys
from pathlib import Path

import pytest

from slimnets import errors
from slimnets.upgrade import tree


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    (folder / "nets").mkdir(parents=True)
    (folder / "train.py").write_text("import tensorflow as tf\n")
    (folder / "nets" / "net.py").write_text("import tf_slim as slim\n")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\n")
    (folder / ".git").mkdir()
    return folder


def test_everything_is_copied(old, tmp_path):
    os.chmod(old / "train.py", 0o755)
    (old / "link").symlink_to("nets")
    report = tree.upgrade(old, tmp_path / "a" / "new")
    new = tmp_path / "a" / "new"
    assert (new / "photo.jpg").read_bytes() == b"\xff\xd8\n"
    assert (new / "nets" / "net.py").read_text() == "from slimnets import slim\n"
    assert (new / "link" / "net.py").samefile(new / "nets" / "net.py")
    assert os.access(new / "train.py", os.X_OK)
    assert not (new / ".git").exists()
    assert (report.files, report.rewritten) == (4, 2)
    assert (old / "train.py").read_text() == "import tensorflow as tf\n"
    assert "train.py:1: import tensorflow as tf -> " in (new / tree.REPORT).read_text(
        encoding="utf-8"
    )


def test_a_link_that_leads_away_is_told(old, tmp_path):
    (tmp_path / "data").mkdir()
    (old / "data").symlink_to(tmp_path / "data")
    report = tree.upgrade(old, tmp_path / "new")
    assert (tmp_path / "new" / "data").samefile(tmp_path / "data")
    assert [note.file for note in report.left] == [Path("data")]


def test_one_file_is_a_program_too(old, tmp_path):
    tree.upgrade(old / "train.py", tmp_path / "new")
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["train.py", tree.REPORT]


@pytest.mark.parametrize("output", ["old", "old/new", "full"])
def test_nothing_is_written_over(old, tmp_path, output):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(errors.InputError, match="--output"):
        tree.upgrade(old, tmp_path / output)
    assert sorted(tmp_path.rglob("*")) == before


def test_no_program_is_a_line(tmp_path):
    with pytest.raises(errors.InputError, match="no such file or folder"):
        tree.upgrade(tmp_path / "old", tmp_path / "new")


def test_a_copy_that_fails_leaves_nothing(old, tmp_path, monkeypatch):
    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(tree.shutil, "copy2", fail)
    with pytest.raises(OSError, match="disk full"):
        tree.upgrade(old, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_without_libcst_a_line_says_what_to_install(old, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "libcst", None)
    with pytest.raises(errors.InputError, match=r"pip install 'slimnets\[upgrade\]'"):
        tree.upgrade(old, tmp_path / "new")
    assert not (tmp_path / "new").exists()
