"""Renaming: by expression or map; what would lose a variable is refused."""

import json
import shutil

import numpy as np
import pytest

from slimnets import checkpoints, errors
from slimnets.config import dataclass_flags
from slimnets.config.checkpoint_files import CheckpointsConfig
from slimnets.maintenance import renaming
from tests.tiny_runs import silent, weights

ONE = np.arange(2, dtype=np.float32)
VALUES = {"net/a": ONE, "net/b": ONE + 1, "net/a/Momentum": ONE + 2}


@pytest.fixture
def source(tmp_path) -> str:
    return checkpoints.save(tmp_path / "source", 7, VALUES)


def rename(path, output, say=silent, **flags) -> str:
    flags["output"] = str(output)
    config = dataclass_flags.from_dict(CheckpointsConfig, flags)
    return renaming.rename(str(path), config, say)


def test_an_expression_renames_with_groups(source, tmp_path):
    flags = {"pattern": "^net/(.)", "replacement": r"Net/\1\1"}
    made = rename(source, tmp_path / "made", **flags)
    assert made.endswith("model.ckpt-7")
    held = weights(made)
    assert sorted(held) == ["Net/aa", "Net/aa/Momentum", "Net/bb"]
    np.testing.assert_array_equal(held["Net/aa/Momentum"], ONE + 2)


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_map_takes_slots_along(source, tmp_path, form):
    file = tmp_path / f"names.{form}"
    file.write_text(json.dumps({"net/a": "x"}) if form == "json" else "net/a,x\n")
    held = weights(rename(source, tmp_path / "made", map=str(file)))
    assert sorted(held) == ["net/b", "x", "x/Momentum"]


def test_names_can_be_exchanged(source, tmp_path):
    file = tmp_path / "names.csv"
    file.write_text("net/a,net/b\nnet/b,net/a\n")
    held = weights(rename(source, tmp_path / "made", map=str(file)))
    np.testing.assert_array_equal(held["net/a"], ONE + 1)
    np.testing.assert_array_equal(held["net/b/Momentum"], ONE + 2)


def test_settings_go_along_and_what_has_old_names_is_said(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    settings = json.loads((copy / "settings.json").read_text())
    settings["flags"]["trainable_scopes"] = ["Tiny/Logits", "Tin", "logits"]
    (copy / "settings.json").write_text(json.dumps(settings))
    lines: list[str] = []
    flags = {"pattern": "^Tiny/", "replacement": "Other/"}
    rename(copy, tmp_path / "made", lines.append, **flags)
    made, was = tmp_path / "made/settings.json", copy / "settings.json"
    assert made.read_bytes() == was.read_bytes()
    assert lines[-2].startswith("settings.json goes along as it was: it says tiny_bn; ")
    assert lines[-1] == (
        "its --trainable_scopes=Tiny/Logits, of training, has the old names"
    )


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({}, "give --pattern and --replacement, or --map"),
        ({"pattern": "a", "map": "x"}, "give --pattern and --replacement, or --map"),
        ({"pattern": "zz"}, "--pattern=zz renames nothing"),
        ({"pattern": "("}, "unterminated subpattern"),
        ({"pattern": "a", "replacement": r"\3"}, "invalid group reference"),
        ({"pattern": "[ab]$", "replacement": "c"}, "net/a and net/b would both be"),
        ({"pattern": "^net/b$"}, "nothing would be left of the name net/b"),
        ({"text": "net/c,x"}, "did you mean net/"),
        ({"text": "net/a,net/b"}, "would both be net/b"),
        ({"text": "net/a"}, "row 1 has 1 fields"),
        ({"text": ""}, "is empty"),
        ({"text": '{"net/a": 3}'}, "'net/a' has no new name"),
        ({"text": '{"net/a": "x", "net/a": "y"}'}, "'net/a' is there twice"),
        ({"text": "{"}, "cannot be read"),
        ({"map": "absent.csv"}, "cannot be read"),
    ],
)
def test_a_fault_is_one_line(source, tmp_path, flags, words):
    if "text" in flags:
        (tmp_path / "names").write_text(flags["text"])
        flags = {"map": str(tmp_path / "names")}
    with pytest.raises(errors.InputError) as caught:
        rename(source, tmp_path / "made", **flags)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "made").exists()
