"""Photos are read as they lie there: as after a conversion, which is made once."""

import os
import shutil
import time
from concurrent import futures
from pathlib import Path

import pytest
import tensorflow as tf

from slimnets import errors, user_cache
from slimnets.datasets import image_folder, registry, sources
from slimnets.weights.published import housekeeping


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Returns the user's cache, an empty folder."""
    monkeypatch.setenv(user_cache.HOME, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def said():
    """Returns the lines that were said."""
    return []


@pytest.fixture
def prepare(photo_folder, said):
    """Returns what prepares the photos, or another folder."""

    def prepare(folder=photo_folder, **reading):
        return sources.prepare(
            str(folder), said.append, sources.PhotoReading(**reading)
        )

    return prepare


def read(dataset):
    """Returns the records of a split, file by file."""
    return [list(tf.data.TFRecordDataset(f).as_numpy_iterator()) for f in dataset.files]


def test_records_are_those_of_the_converter(photo_folder, prepare, tmp_path):
    image_folder.convert(photo_folder, tmp_path / "out", "photos")
    source = prepare()
    assert source.list_splits() == ["train", "validation"]
    for split in source.list_splits():
        converted = registry.get_dataset(str(tmp_path / "out"), split)
        dataset = source.get_dataset(split)
        assert read(dataset) == read(converted)
        assert dataset.class_names == converted.class_names == ("cat", "dog")
        assert dataset.name == "photos"


def test_a_second_run_converts_nothing(prepare, said, monkeypatch):
    first = prepare()
    assert "50 photos of 2 classes, converted once into" in said[0]
    assert "50 examples of 2 classes, 0 files left out" in said[1]
    said.clear()
    monkeypatch.setattr(image_folder, "convert_found", None)
    assert prepare() == first
    assert not said


def test_a_changed_folder_is_converted_again(photo_folder, prepare, said):
    before = prepare()
    shutil.copy(photo_folder / "cat" / "1.jpeg", photo_folder / "cat" / "new.jpeg")
    added = prepare()
    assert "the cache has 1 earlier conversions" in said[2]
    photo = photo_folder / "dog" / "50.png"
    content = photo.read_bytes()
    photo.write_bytes(content[::-1])  # as many bytes, at another time
    os.utime(photo, ns=(0, 0))
    edited = prepare()
    assert len({before.folder, added.folder, edited.folder}) == 3
    assert edited.left_out == (f"{photo}: not an image",)
    assert said[-1].endswith(f": 1 left out, such as {photo}: not an image")
    photo.rename(photo_folder / "cat" / "50.png")  # of another class
    assert prepare().folder != edited.folder


@pytest.mark.slow
def test_how_photos_are_read_decides_too(prepare):
    assert prepare().folder != prepare(upright=False).folder
    with pytest.raises(errors.InputError, match=r"16 x 12 pixels, more than the 191"):
        prepare(max_pixels=191)


def test_a_killed_conversion_is_done_again(prepare, home, monkeypatch):
    write = image_folder.convert_found

    def die(*arguments, **named):
        write(*arguments, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(image_folder, "convert_found", die)
        prepare()
    assert not list(home.rglob("source.json"))
    assert prepare().get_dataset("train").num_examples > 40


def test_a_conversion_that_lost_a_file_is_done_again(prepare):
    source = prepare()
    file = Path(source.get_dataset("train").files[0])
    content = file.read_bytes()
    file.unlink()
    assert prepare() == source
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    "content",
    ["", pytest.param('{"source": 1, "left_out": []}', marks=pytest.mark.slow)],
)
def test_a_damaged_card_is_written_anew(prepare, home, content):
    source = prepare()
    [card] = home.rglob("source.json")
    whole = card.read_text()
    card.write_text(content)
    assert prepare() == source
    assert card.read_text() == whole
    card.write_text(content)
    assert prepare(upright=False) != source  # the other one is only counted


def test_cleaning_removes_conversions(prepare, home):
    source = prepare()
    housekeeping.clean()
    assert not (home / "datasets").exists()
    assert prepare() == source


def test_two_at_once_convert_once(prepare, monkeypatch):
    write, calls = image_folder.convert_found, []

    def write_slowly(*arguments, **named):
        calls.append(arguments)
        time.sleep(0.2)
        return write(*arguments, **named)

    monkeypatch.setattr(image_folder, "convert_found", write_slowly)
    with futures.ThreadPoolExecutor() as pool:
        one, other = pool.map(lambda _: prepare(), range(2))
    assert one == other
    assert len(calls) == 1


def test_left_out_photos_are_told_of_each_time(photo_folder, prepare, said):
    (photo_folder / "cat" / "note.jpg").write_text("not a photo")
    for _ in range(2):
        said.clear()
        line = f"{photo_folder / 'cat' / 'note.jpg'}: not an image"
        assert prepare().get_dataset("train").left_out == (line,)
        assert said[-1] == f"{photo_folder}: 1 left out, such as {line}"


def test_refusals_are_the_converters(photo_folder, prepare, tmp_path):
    (photo_folder / "train").mkdir()
    shutil.move(photo_folder / "cat", photo_folder / "train" / "cat")
    with pytest.raises(errors.InputError, match=r"two ways.*`slimnets convert` takes"):
        prepare()
    shutil.rmtree(photo_folder / "dog")
    (photo_folder / "train" / "empty").mkdir()
    with pytest.raises(errors.InputError, match="empty is empty; fill it or remove it"):
        prepare()


def test_a_folder_above_a_dataset_is_refused(photo_folder, prepare, tmp_path):
    image_folder.convert(photo_folder, tmp_path / "above" / "pets", "pets")
    with pytest.raises(errors.InputError, match=r"give --dataset_dir=.*above/pets"):
        prepare(tmp_path / "above")
    assert prepare(tmp_path / "above" / "pets").folder == str(tmp_path / "above/pets")


def test_a_folder_of_nothing_is_refused(prepare, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(errors.InputError, match="holds no dataset: no TFRecords"):
        prepare(tmp_path / "none").list_splits()


def test_a_cache_that_cannot_be_written_is_named(prepare, home):
    home.touch()
    with pytest.raises(errors.InputError, match="with SLIMNETS_HOME"):
        prepare()
