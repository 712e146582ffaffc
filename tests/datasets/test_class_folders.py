"""Class folders are found in both layouts; what cannot be meant is told."""

import pytest

from slimnets import errors
from slimnets.datasets import class_folders


@pytest.fixture
def tree(tmp_path):
    """Returns a maker of folders with the given (empty) files."""

    def make(*files):
        for file in files:
            path = tmp_path / "images" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / "images"

    return make


def listed(found, images):
    return [(str(p.path.relative_to(images)), p.split, p.label) for p in found.photos]


def test_classes_are_the_sorted_folder_names(tree):
    images = tree("dog/1.jpg", "cat/b.jpg", "cat/a.jpg", "cat/more/c.jpg")
    found = class_folders.find(images, None)
    assert found.classes == ("cat", "dog")
    assert listed(found, images) == [
        ("cat/a.jpg", None, 0),
        ("cat/b.jpg", None, 0),
        ("cat/more/c.jpg", None, 0),
        ("dog/1.jpg", None, 1),
    ]


def test_hidden_files_and_folders_are_passed_over(tree):
    images = tree("cat/a.jpg", "cat/.DS_Store", "cat/.cache/x.jpg", ".git/x.jpg")
    assert listed(class_folders.find(images, None), images) == [("cat/a.jpg", None, 0)]


def test_split_folders_are_kept(tree):
    images = tree("train/cat/a.jpg", "train/dog/b.jpg", "val/dog/c.jpg", "test/cat/d")
    found = class_folders.find(images, None)
    assert found.classes == ("cat", "dog")
    assert sorted(listed(found, images)) == [
        ("test/cat/d", "test", 0),
        ("train/cat/a.jpg", "train", 0),
        ("train/dog/b.jpg", "train", 1),
        ("val/dog/c.jpg", "validation", 1),
    ]


def test_train_may_be_a_class(tree):
    images = tree("bus/a.jpg", "train/b.jpg")
    assert class_folders.find(images, None).classes == ("bus", "train")


def test_labels_file_fixes_the_ids(tree, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("0:background\n7:n07\n3:n03\n")
    images = tree("n03/a.jpg", "n07/b.jpg")
    found = class_folders.find(images, labels)
    assert len(found.classes) == 8
    assert listed(found, images) == [("n03/a.jpg", None, 3), ("n07/b.jpg", None, 7)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [("0:dog\n", "'cat' to no id"), ("0:cat\n2:cat\n", r"'cat' to \[0, 2\]")],
)
def test_labels_file_has_to_name_each_folder_once(tree, tmp_path, lines, message):
    labels = tmp_path / "labels.txt"
    labels.write_text(lines)
    with pytest.raises(errors.InputError, match=message):
        class_folders.find(tree("cat/a.jpg"), labels)


def test_photo_beside_the_class_folders_is_astray_and_a_readme_is_not(tree, photo):
    images = tree("cat/a.jpg", "README.txt", "stray.jpg")
    (images / "stray.jpg").write_bytes(photo(0))
    [(path, reason)] = class_folders.find(images, None).astray
    assert path == images / "stray.jpg"
    assert reason == "a photo beside the class folders, not in one"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["a.jpg"], "has no class folders"),
        (["cat/a.jpg", "dog/.hidden"], r"the class folder .*dog is empty"),
        (["val/a/1", "validation/a/1"], "both val/ and validation/"),
        (["train/cat/1", "test/cats/1"], r"'cats'; did you mean cat\?"),
    ],
)
def test_what_cannot_be_meant_is_an_input_error(tree, files, message):
    with pytest.raises(errors.InputError, match=message):
        class_folders.find(tree(*files), None)
