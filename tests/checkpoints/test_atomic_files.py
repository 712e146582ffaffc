"""Folders are tried out, files are whole or not there."""

import json

import pytest

from slimnets.checkpoints import atomic_files


def test_a_folder_is_made_and_left_empty(tmp_path):
    for _ in range(2):
        atomic_files.make_writable(tmp_path / "a" / "b")
    assert not list((tmp_path / "a" / "b").iterdir())


def test_a_file_in_its_place_is_an_error(tmp_path):
    (tmp_path / "a").touch()
    for name in ("a", "a/b"):
        with pytest.raises(OSError, match=name):
            atomic_files.make_writable(tmp_path / name)


def test_what_cannot_be_written_leaves_what_was_there(tmp_path):
    path = tmp_path / "values.json"
    atomic_files.write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        atomic_files.write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    atomic_files.write_json(path, {"a": 2})
    assert json.loads(path.read_text()) == {"a": 2}
    assert [p.name for p in tmp_path.iterdir()] == ["values.json"]


def test_a_folder_is_whole_or_as_it_was(tmp_path):
    folder = tmp_path / "out"
    for content in ("one", "two"):
        with atomic_files.replace_folder(folder) as unfinished:
            (unfinished / content).touch()
    with pytest.raises(ValueError), atomic_files.replace_folder(folder) as unfinished:
        (unfinished / "three").touch()
        raise ValueError
    assert [path.name for path in folder.iterdir()] == ["two"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
