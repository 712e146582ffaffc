"""What is said of a dataset of known content, and its contact sheet."""

import io
import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from slimnets.datasets import registry, survey, tfrecord
from slimnets.datasets.registry import Dataset
from slimnets.report import dataset_description


def gray(seed, size=(6, 4)):
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 1)).astype(np.uint8)
    return tf.io.encode_png(noise).numpy()


def jpeg(seed, mode="RGB", size=(8, 10)):
    noise = np.random.default_rng(seed)
    pixels = noise.integers(0, 256, (*size, len(mode))).astype(np.uint8)
    made = io.BytesIO()
    Image.fromarray(pixels, mode).save(made, "JPEG")
    return made.getvalue()


def dataset(folder, split, records):
    """Writes (file, labels) pairs; returns the split."""
    path = folder / f"few_{split}_00000-of-00001.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for encoded, labels in records:
            writer.write(tfrecord.make_example(encoded, "jpg", labels, 1, 1))
    return Dataset(
        "few",
        split,
        (str(path),),
        (len(records),),
        ("cat", "dog"),
        3,
        multi_label=True,
    )


@pytest.fixture
def surveys(tmp_path):
    """Returns two splits: copies, a broken image and a wrong label are among them."""
    train = [
        (jpeg(0), [0]),
        (gray(1), [0, 1]),
        (b"text", [1]),
        (jpeg(2, "CMYK"), []),
        (jpeg(0), [0]),
        (jpeg(3), [2]),
    ]
    test = [(jpeg(0), [1]), (jpeg(4, size=(16, 20)), [1])]
    splits = {"train": train, "test": test}
    return {k: survey.survey(dataset(tmp_path, k, v)) for k, v in splits.items()}


def test_what_is_counted(surveys):
    train = surveys["train"]
    assert [image.number for image in train.images] == [0, 1, 3, 4]
    assert train.count_classes().tolist() == [3, 1]
    assert (train.heights, train.widths) == ([8, 6, 8, 8], [10, 4, 10, 10])
    assert train.modes == {"jpeg RGB": 2, "png gray": 1, "jpeg CMYK": 1}
    assert [line.partition(" (the")[0][-8:] for line in train.broken] == [
        "record 2",
        "record 5",
    ]
    assert "not an image" in train.broken[0]
    assert "label 2 is outside the 2 classes" in train.broken[1]


def test_what_is_said(surveys):
    lines = dataset_description.describe(surveys).splitlines()
    assert lines[0] == "few: 2 classes, any number of labels an image"
    table = [line.split() for line in lines[2:6]]
    assert table == [
        ["class", "train", "test"],
        ["cat", "3", "0"],
        ["dog", "1", "2"],
        ["images", "4", "2"],
    ]
    assert "  width: 4 to 10 pixels, median 10" in lines
    assert "  stored as: jpeg RGB 2, png gray 1, jpeg CMYK 1" in lines
    assert "  without a label: 1" in lines
    place = lines.index(
        "images in more than one split: 1; evaluation scores what was trained on"
    )
    assert lines[place + 1] == "  train 0 and train 4 and test 0"
    assert "images several times in one split: 0" in lines
    assert "broken records: 2" in lines


def test_all_of_it_as_json(surveys):
    found = json.loads(json.dumps(dataset_description.to_json(surveys)))
    assert found["classes"] == ["cat", "dog"]
    assert found["splits"]["train"]["classes"] == {"cat": 3, "dog": 1}
    assert found["splits"]["test"]["height"] == {"least": 8, "median": 12, "most": 16}
    assert found["copies_across_splits"] == [["train/0", "train/4", "test/0"]]
    assert len(found["splits"]["train"]["broken"]) == 2


def test_the_contact_sheet_has_every_class_in_turn(surveys, tmp_path):
    chosen = dataset_description._choose_in_turn(surveys, 4)
    assert chosen == {"train": [3, 0, 1], "test": [0]}  # no label, cat, dog; then cat
    path = tmp_path / "sheet.png"
    dataset_description.write_contact_sheet(surveys, 4, path)
    with Image.open(path) as sheet:
        assert sheet.width > 4 * 120 and sheet.height > 120


def test_the_digits_of_the_package():
    surveys = {"test": survey.survey(registry.get_dataset(None, "test"))}
    found = dataset_description.to_json(surveys)["splits"]["test"]
    assert sum(found["classes"].values()) == found["images"]
    assert list(found["modes"]) == ["png gray"]
    assert found["broken"] == []
