"""The photos that a user names."""

import io
import os

import pytest

from slimnets import errors
from slimnets.inference.photo_paths import list_photos


@pytest.fixture
def folder(tmp_path):
    """Returns a folder with three photos and a text."""
    for name in ("b.jpg", "a.png", "c/d.JPEG", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def test_files_folders_and_standard_input(folder):
    listed = list_photos(
        [str(folder), "x.txt", "-"], io.BytesIO(b"p q.jpg\r\n\n\xff.jpg\n")
    )
    assert [os.path.relpath(path, folder) for path in listed[:3]] == [
        "a.png",
        "b.jpg",
        "c/d.JPEG",
    ]
    assert listed[3:] == ["x.txt", "p q.jpg", os.fsdecode(b"\xff.jpg")]


def test_the_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert list_photos(["~/b.jpg"], io.BytesIO()) == [f"{folder}/b.jpg"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "name the photos to classify"),
        (["-"], "standard input names no photo"),
        (["empty"], "no image in empty"),
    ],
)
def test_no_photo(tmp_path, monkeypatch, words, reason):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(errors.InputError, match=reason):
        list_photos(words, io.BytesIO())
