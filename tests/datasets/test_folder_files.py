"""Files are found behind links; what cannot be read is listed with its fault."""

import os

from slimnets.datasets import folder_files


def names(files, folder):
    return [str(file.path.relative_to(folder)) for file in files if not file.fault]


def test_links_are_followed_to_files_and_folders(tmp_path):
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    for path in (folder / "a.jpg", elsewhere / "deep" / "b.jpg"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (folder / "linked").symlink_to(elsewhere)
    (folder / "linked.jpg").symlink_to(elsewhere / "deep" / "b.jpg")
    found = folder_files.list_files(folder)
    assert names(found, folder) == ["a.jpg", "linked/deep/b.jpg", "linked.jpg"]
    assert folder_files.list_subfolders(folder) == [folder / "linked"]


def test_a_folder_linked_twice_counts_twice_and_a_loop_once(tmp_path):
    folder = tmp_path / "folder"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "x.jpg").touch()
    (folder / "b").symlink_to(folder / "a")
    (folder / "a" / "back").symlink_to(folder)
    assert names(folder_files.list_files(folder), folder) == ["a/x.jpg", "b/x.jpg"]


def test_what_systems_leave_behind_does_not_count(tmp_path):
    left = ("@eaDir/x.jpg", "__MACOSX/._x.jpg", ".cache/x.jpg", "Thumbs.db", "._x.jpg")
    for file in (*left, "desktop.ini", ".DS_Store", "photo.jpg"):
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert names(folder_files.list_files(tmp_path), tmp_path) == ["photo.jpg"]
    assert folder_files.list_subfolders(tmp_path) == []


def test_faults_are_listed(tmp_path):
    (tmp_path / "dangling.jpg").symlink_to("/nowhere/x.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    faults = {f.path.name: f.fault for f in folder_files.list_files(tmp_path)}
    assert faults == {
        "dangling.jpg": "a link to /nowhere/x.jpg, which is not there",
        "pipe.jpg": "not a file but a pipe, a socket or a device",
    }


def test_a_folder_that_cannot_be_opened_is_listed(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    listdir = os.listdir

    def refuse(path):
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refuse)
    [file] = folder_files.list_files(tmp_path)
    assert file == (tmp_path / "closed", "cannot be opened: Permission denied")
