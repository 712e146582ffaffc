"""labels.txt and dataset.json read back as written; damage is named."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from slimnets import errors
from slimnets.datasets import metadata

SIDECAR = metadata.Sidecar(
    name="flowers",
    classes=("daisy", "rosé"),
    channels=3,
    splits={"train": (metadata.Shard("flowers_train_00000-of-00001.tfrecord", 5, 99),)},
    licence="CC BY 4.0",
)


def test_sidecar_reads_back(tmp_path):
    metadata.write_sidecar(tmp_path, SIDECAR)
    assert metadata.read_sidecar(tmp_path) == SIDECAR
    assert [path.name for path in tmp_path.iterdir()] == ["dataset.json"]


def test_no_sidecar_is_none(tmp_path):
    assert metadata.read_sidecar(tmp_path) is None


SHARD = {"file": "x.tfrecord", "examples": 1, "bytes": 9}
SOUND = {
    "name": "x",
    "classes": ["a"],
    "channels": 1,
    "splits": {"train": {"examples": 1, "shards": [SHARD]}},
}


def write(folder: Path, **changes: Any) -> None:
    (folder / "dataset.json").write_text(json.dumps(SOUND | changes))


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"splits": {}}', '{"splits": 3}', "[" * 100_000, "\0"]
)
def test_damaged_sidecar_is_an_input_error(tmp_path, content):
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(errors.InputError, match=r"dataset.json is damaged"):
        metadata.read_sidecar(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": 5}, "name is of type int, not str"),
        ({"classes": "cat"}, "classes is of type str, not list"),
        ({"classes": [1]}, "a class is of type int, not str"),
        ({"classes": []}, "classes is empty"),
        ({"channels": "3"}, "channels is of type str, not int"),
        ({"channels": True}, "channels is of type bool, not int"),
        ({"channels": 4}, "channels is 4, not 1 or 3"),
        ({"splits": []}, "splits is of type list, not dict"),
        ({"splits": {"train": {}}}, "no 'shards'"),
        ({"splits": {"train": {"shards": [3]}}}, "a shard is of type int, not dict"),
        ({"splits": {"train": {"shards": [{}]}}}, "missing 3 required"),
        (
            {"splits": {"train": {"shards": [SHARD | {"examples": None}]}}},
            "a shard's count is of type NoneType, not int",
        ),
        (
            {"splits": {"train": {"shards": [SHARD | {"bytes": -1}]}}},
            "a shard's count is -1",
        ),
        (
            {"splits": {"train": {"shards": [SHARD | {"file": ""}]}}},
            "a shard's file is ''",
        ),
        ({"more": 1}, "unexpected keyword"),
    ],
)
def test_wrong_types_in_a_sidecar_are_told(tmp_path, changes, message):
    write(tmp_path)
    assert metadata.read_sidecar(tmp_path).classes == ("a",)
    write(tmp_path, **changes)
    with pytest.raises(errors.InputError) as caught:
        metadata.read_sidecar(tmp_path)
    line = str(caught.value)
    assert f"{tmp_path}/dataset.json is damaged (" in line and "\n" not in line
    assert message in line


@pytest.mark.parametrize("file", ["/etc/passwd", "../x.tfrecord", "a/../../x.tfrecord"])
def test_shards_stay_in_their_folder(tmp_path, file):
    shards = {"train": {"shards": [SHARD | {"file": file}]}}
    write(tmp_path, splits=shards)
    with pytest.raises(errors.InputError, match="which is not in its folder"):
        metadata.read_sidecar(tmp_path)


@pytest.mark.parametrize("name", ["dataset.json", "labels.txt"])
def test_a_pipe_is_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(errors.InputError, match=f"{name} is not a file"):
        metadata.read_sidecar(tmp_path)
        metadata.read_labels(tmp_path / name)


def test_labels_read_back(tmp_path):
    metadata.write_labels(tmp_path, ["daisy", "T-shirt: red", "rosé"])
    path = tmp_path / "labels.txt"
    assert path.read_text(encoding="utf-8").startswith("0:daisy\n1:T-shirt: red\n")
    assert metadata.read_labels(path) == ("daisy", "T-shirt: red", "rosé")


def test_ids_without_a_line_get_a_name(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_text("3:d\n\n0:a\n")
    assert metadata.read_labels(path) == ("a", "class_1", "class_2", "d")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("0:a\n\nrose\n", r"line 3: 'rose' is not `id:name`"),
        ("0:a\n-1:b\n", r"line 2: '-1:b' is not `id:name`"),
        ("0:\n", r"line 1: '0:' is not `id:name`"),
        ("0:a\n0:b\n", r"line 2: id 0 stands twice"),
        ("\n", r"is empty"),
    ],
)
def test_wrong_labels_file_is_an_input_error(tmp_path, content, message):
    path = tmp_path / "labels.txt"
    path.write_text(content)
    with pytest.raises(errors.InputError, match=message):
        metadata.read_labels(path)


def test_missing_labels_file_is_an_input_error(tmp_path):
    with pytest.raises(errors.InputError, match=r"cannot read .*labels.txt: No such"):
        metadata.read_labels(tmp_path / "labels.txt")


@pytest.mark.parametrize("label", ["400000000", "9" * 30])
def test_an_id_beyond_all_classes_is_refused(tmp_path, label):
    path = tmp_path / "labels.txt"
    path.write_text(f"0:cat\n{label}:dog\n")
    with pytest.raises(errors.InputError, match=f"line 2: {label} is no class id"):
        metadata.read_labels(path)
