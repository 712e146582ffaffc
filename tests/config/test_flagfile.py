"""Flags of a configuration, as a file that gives the same configuration."""

import dataclasses
import os
from pathlib import Path

import pytest
from absl import flags

from slimnets.config import dataclass_flags, flagfile
from slimnets.config.train import TrainConfig


def read(text: str, folder: Path) -> TrainConfig:
    """Returns the configuration that --flagfile gives."""
    path = folder / flagfile.FILE
    path.write_text(text)
    values = flags.FlagValues()
    flags.DEFINE_string("flagfile", "", "", flag_values=values)
    dataclass_flags.define_flags(TrainConfig, values)
    values(["program", f"--flagfile={path}"])
    return dataclass_flags.from_flags(TrainConfig, values)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"model": "mobilenet_v2(depth_multiplier=0.5)", "checkpoint_path": "imagenet"},
        {"trainable_scopes": ["A/Logits", 'B "c", d'], "upright": False},
        {"batch_size": "auto", "eval_every": "0.5ep", "seed": 3, "num_epochs": 1e-5},
        {"use_nesterov": True, "learning_rate": 0.1, "max_number_of_steps": 7},
    ],
)
def test_the_file_gives_the_same(tmp_path, given):
    config = dataclass_flags.from_dict(TrainConfig, given)
    text = flagfile.format_flags(config, "slimnets train")
    assert text.startswith("# slimnets train --flagfile=run.flags --train_dir=...")
    assert len(text.splitlines()) == 1 + len(given)
    assert read(text, tmp_path) == config


def test_paths_are_absolute_and_some_flags_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("data")
    Path("model.ckpt-3.index").touch()
    given = {"dataset_dir": "data", "train_dir": "run"}
    config = dataclass_flags.from_dict(
        TrainConfig, given | {"checkpoint_path": "model.ckpt-3"}
    )
    text = flagfile.format_flags(config, "slimnets train", without=("train_dir",))
    assert text.splitlines()[1:] == [
        f"--dataset_dir={tmp_path / 'data'}",
        f"--checkpoint_path={tmp_path / 'model.ckpt-3'}",
    ]


def test_what_may_be_none_is_none_by_default():
    """Else a flagfile could not say it."""
    config = TrainConfig()
    parts = [config, *(getattr(config, f.name) for f in dataclasses.fields(config))]
    for part in filter(dataclasses.is_dataclass, parts):
        for field in dataclasses.fields(part):
            if "None" in str(field.type):
                assert getattr(part, field.name) is None, field.name
