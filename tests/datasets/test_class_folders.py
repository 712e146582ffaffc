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
    return [(str(p.path.relative_to(images)), p.split, *p.labels) for p in found.photos]


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
    ("train", "validation", "test"),
    [
        ("train", "valid", "test"),
        ("Training", "dev", "Test"),
        ("TRAIN", "Validation", "testing"),
    ],
)
def test_splits_are_known_by_what_people_name_them(tree, train, validation, test):
    images = tree(f"{train}/cat/a", f"{validation}/cat/b", f"{test}/cat/c")
    found = class_folders.find(images, None)
    assert found.classes == ("cat",)
    splits = {photo.path.name: photo.split for photo in found.photos}
    assert splits == {"a": "train", "b": "validation", "c": "test"}


TWO_READINGS = ["train/cat/a.jpg", "valid/cat/b.jpg", "extra/x/c.jpg"]


def test_splits_beside_other_folders_are_refused_with_both_readings(tree):
    with pytest.raises(
        errors.InputError,
        match=r"two ways: train/, valid/ as splits, leaving out extra/"
        r" \(--layout=splits\), or all 3 folders as classes \(--layout=classes\)",
    ):
        class_folders.find(tree(*TWO_READINGS), None)


def test_the_layout_that_is_given_decides(tree):
    images = tree(*TWO_READINGS)
    split = class_folders.find(images, None, "splits")
    assert listed(split, images) == [
        ("train/cat/a.jpg", "train", 0),
        ("valid/cat/b.jpg", "validation", 0),
    ]
    assert f"{images}/extra is not a split with class folders" in split.notes[0]
    assert class_folders.find(images, None, "classes").classes == (
        "extra",
        "train",
        "valid",
    )


def test_a_split_without_class_folders_is_left_out_and_said(tree):
    images = tree("train/cat/a.jpg", "val/cat/b.jpg", "test/1.jpg")
    with pytest.raises(errors.InputError, match=r"leaving out test/"):
        class_folders.find(images, None)
    found = class_folders.find(images, None, "splits")
    assert {photo.split for photo in found.photos} == {"train", "validation"}
    assert f"{images}/test is not a split" in found.notes[0]


def test_a_train_split_alone_is_said(tree):
    found = class_folders.find(tree("train/cat/a.jpg", "train/dog/a.jpg"), None)
    assert "nothing is held out to evaluate on" in found.notes[0]


def test_numbers_are_ordered_as_numbers(tree):
    found = class_folders.find(tree(*(f"{k}/a.jpg" for k in range(12))), None)
    assert found.classes == tuple(str(k) for k in range(12))
    assert [
        photo.labels[0] for photo in found.photos if photo.path.parts[-2] == "10"
    ] == [10]
    assert "class 0 is 0, class 11 is 11" in found.notes[0]


def test_some_numbers_among_names_are_ordered_as_names(tree):
    found = class_folders.find(tree("10/a.jpg", "9/a.jpg", "cat/a.jpg"), None)
    assert found.classes == ("10", "9", "cat")
    assert found.notes == []


def test_names_that_differ_by_case_are_said(tree):
    found = class_folders.find(tree("Cat/a.jpg", "cat/a.jpg"), None)
    assert found.classes == ("Cat", "cat")
    assert "Cat and cat differ only in upper and lower case" in found.notes[0]


def test_photos_behind_links_and_faults_are_among_the_photos(tree, tmp_path):
    images = tree("cat/a.jpg")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.jpg").touch()
    (images / "cat" / "more").symlink_to(tmp_path / "more")
    (images / "dog").symlink_to(tmp_path / "more")
    (images / "cat" / "gone.jpg").symlink_to("/nowhere")
    found = class_folders.find(images, None)
    assert listed(found, images) == [
        ("cat/a.jpg", None, 0),
        ("cat/gone.jpg", None, 0),
        ("cat/more/b.jpg", None, 0),
        ("dog/b.jpg", None, 1),
    ]
    [faulty] = [photo for photo in found.photos if photo.fault]
    assert faulty.path.name == "gone.jpg"


def test_one_level_too_many_is_told(tree):
    images = tree("photos/cat/a.jpg", "photos/dog/b.jpg", "README")
    with pytest.raises(
        errors.InputError,
        match=r"holds one folder, photos/, and that holds cat/, dog/: .*--images=\S*"
        r"photos",
    ):
        class_folders.find(images, None)
    assert class_folders.find(images, None, "classes").classes == ("photos",)


def test_one_level_too_many_in_a_split_is_told(tree):
    images = tree("train/all/cat/a.jpg", "train/all/dog/b.jpg", "val/all/cat/c.jpg")
    with pytest.raises(errors.InputError, match=r"one folder, all/, and that holds"):
        class_folders.find(images, None)


@pytest.mark.parametrize("name", ["new\nline", "nel\x85x", "  spaced  ", "line\u2028"])
def test_a_class_name_that_labels_txt_cannot_hold_is_refused(tree, name):
    with pytest.raises(errors.InputError, match="has a line break, or white space"):
        class_folders.find(tree(f"{name}/a.jpg", "cat/a.jpg"), None)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["a.jpg"], "has no class folders"),
        (["cat/a.jpg", "dog/.hidden"], r"the class folder .*dog is empty"),
        (["val/a/1", "validation/a/1"], "both val/ and validation/, each a"),
        (["train/1.jpg", "test/2.jpg"], "test/, train/ in .* hold no class folders"),
        (["train/1.jpg", "test/2.jpg", "cat/3.jpg"], "two ways: .*leaving out cat/"),
        (["train/cat/1", "test/cats/1"], r"'cats'; did you mean cat\?"),
    ],
)
def test_what_cannot_be_meant_is_an_input_error(tree, files, message):
    with pytest.raises(errors.InputError, match=message):
        class_folders.find(tree(*files), None)
