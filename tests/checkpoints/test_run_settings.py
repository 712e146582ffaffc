"""settings.json: written beside checkpoints, read by those who evaluate them."""

import dataclasses
import json
import os
from pathlib import Path

import pytest

from slimnets import errors
from slimnets.checkpoints import run_settings
from slimnets.config.inference import TrainedNetworkConfig
from slimnets.datasets.registry import get_dataset


def test_what_is_written_is_read(config, tmp_path, toy_data, monkeypatch):
    monkeypatch.chdir(Path(toy_data).parent)
    made = config(
        dataset_dir=Path(toy_data).name,
        dataset_name="toy",
        image_size=16,
        use_grayscale=True,
        labels_offset=1,
        preprocessing_name="lenet",
    )
    dataset = get_dataset(toy_data, "train")
    run_settings.write(str(tmp_path), made, dataset, num_classes=2, image_size=16)
    assert run_settings.read(
        str(tmp_path / "model.ckpt-1")
    ) == run_settings.RunSettings(
        model="tiny",
        num_classes=2,
        image_size=16,
        class_names=("red", "green", "blue"),
        preprocessing_name="lenet",
        labels_offset=1,
        use_grayscale=True,
        dataset_dir=toy_data,  # from whatever folder it is read
        dataset_name="toy",
    )
    flags = json.loads((tmp_path / "settings.json").read_text())["flags"]
    assert flags["dataset_dir"] == Path(toy_data).name and flags["learning_rate"] == 0.1


def test_the_digits_need_no_folder(config, tmp_path):
    made = config(dataset_dir=None)
    digits = get_dataset(None, "train")
    run_settings.write(str(tmp_path), made, digits, num_classes=10, image_size=8)
    assert run_settings.read(str(tmp_path / "model.ckpt-1")).dataset_dir is None


def test_none_beside_the_checkpoint(tmp_path):
    assert run_settings.read(str(tmp_path / "model.ckpt-1")) is None


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("red", "green", "blue"), ""),
        (("red", "blue", "green"), "class 1 was 'green', it is 'blue' now"),
        (("red", "green"), "class 2 was 'blue', it is missing now"),
        (("red", "green", "blue", "x"), "class 3 was missing, it is 'x' now"),
    ],
)
def test_the_classes_of_a_run_stay(config, tmp_path, toy_data, names, message):
    dataset = get_dataset(toy_data, "train")
    run_settings.write(str(tmp_path), config(), dataset, num_classes=3, image_size=8)
    other = dataclasses.replace(dataset, class_names=names)
    checkpoint = str(tmp_path / "model.ckpt-1")
    if not message:
        return run_settings.require_same_classes(checkpoint, other)
    with pytest.raises(errors.InputError) as caught:
        run_settings.require_same_classes(checkpoint, other)
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"run": {}}', '{"run": {"model": "tiny"}}', "\udcff"]
)
def test_what_is_damaged_is_one_line(tmp_path, content):
    path = tmp_path / "settings.json"
    path.write_text(content, errors="surrogateescape")
    with pytest.raises(errors.InputError) as caught:
        run_settings.read(str(tmp_path / "model.ckpt-1"))
    message = str(caught.value)
    assert message.startswith(f"{path} cannot be read") and "\n" not in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", 5),
        ("num_classes", "3"),
        ("image_size", True),
        ("class_names", "red"),
        ("class_names", [1, 2, 3]),
        ("use_grayscale", 1),
        ("dataset_dir", []),
    ],
)
def test_wrong_types_are_told(config, tmp_path, toy_data, name, value):
    dataset = get_dataset(toy_data, "train")
    run_settings.write(str(tmp_path), config(), dataset, num_classes=3, image_size=8)
    path = tmp_path / "settings.json"
    content = json.loads(path.read_text())
    content["run"][name] = value
    path.write_text(json.dumps(content))
    with pytest.raises(
        errors.InputError, match=rf"cannot be read \({name} is "
    ) as error:
        run_settings.read(str(tmp_path / "model.ckpt-1"))
    assert "\n" not in str(error.value)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "settings.json")
    with pytest.raises(errors.InputError, match=r"settings.json is not a file"):
        run_settings.read(str(tmp_path / "model.ckpt-1"))


def test_evaluation_asks_for_what_is_saved_under_the_same_names():
    saved = {field.name for field in dataclasses.fields(run_settings.RunSettings)}
    asked = {field.name for field in dataclasses.fields(TrainedNetworkConfig)}
    # No flags: what is the dataset's or the loss's, the folder of the network's module.
    facts = {"class_names", "multi_label", "has_sigmoid", "module_folder"}
    assert saved - asked == facts
