"""Stripped checkpoints: the weights alone, the same scores, a card that is true."""

import hashlib
import re

import numpy as np
import pytest

from slimnets import checkpoints, errors
from slimnets.config import dataclass_flags
from slimnets.config.checkpoint_files import CheckpointsConfig
from slimnets.maintenance import stripping
from tests.inference.test_evaluator import evaluated
from tests.tiny_runs import silent, weights

AVERAGE = "/ExponentialMovingAverage"


def strip(path, output, **flags) -> str:
    flags["output"] = str(output)
    config = dataclass_flags.from_dict(CheckpointsConfig, flags)
    return stripping.strip(str(path), config, silent)


@pytest.mark.parametrize("averages", ["take", "keep", "drop"])
def test_it_scores_as_the_run_does(run, tmp_path, averages):
    strip(run, tmp_path / "made", moving_averages=averages)
    flags = {"use_moving_averages": averages != "drop", "eval_dir": str(tmp_path)}
    [was] = evaluated(run, **flags)
    [made] = evaluated(tmp_path / "made")
    assert made.summary.to_json() == was.summary.to_json()
    assert made.report.averaged == (averages == "keep")


def test_slots_go_and_the_step_may(run, tmp_path):
    held = weights(strip(run, tmp_path / "made"))
    assert len(held) == 7 and "global_step" in held
    held = weights(strip(run, tmp_path / "bare", global_step=False))
    assert len(held) == 6 and "global_step" not in held


def test_slots_are_known_without_the_network(tmp_path):
    one = np.ones([2], np.float32)
    values = {
        "net/w": one,
        "net/w/Momentum": one,
        "train/net/w/Adam_1": one,
        "net/w" + AVERAGE: one * 2,
        "net/bn/moving_mean/net/bn/moving_mean/biased": one,
        "beta1_power": one[0],
        "global_step": np.int64(4),
    }
    source = checkpoints.save(tmp_path / "run", 4, values)
    held = weights(strip(source, tmp_path / "made"))
    biased = "net/bn/moving_mean/net/bn/moving_mean/biased"
    assert sorted(held) == ["global_step", biased, "net/w"]
    np.testing.assert_array_equal(held["net/w"], one * 2)


def test_the_card_has_network_classes_metrics_licence_and_hashes(run, tmp_path):
    [was] = evaluated(run)
    strip(run, tmp_path / "made", license="cc-by-4.0")
    card = (tmp_path / "made/README.md").read_text()
    assert "| network | tiny_bn |" in card
    assert "| licence | cc-by-4.0 |" in card
    assert "- 1: green" in card
    assert f"| toy | validation | 7 | top1 {was.summary.top1:.4f}" in card
    hashes = dict(re.findall(r"\| (\S+) \| `([0-9a-f]{64})` \|", card))
    assert len(hashes) == 4
    for name, digest in hashes.items():
        content = (tmp_path / "made" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
    settings = (tmp_path / "made/settings.json").read_text()
    assert "train_dir" not in settings


def test_the_card_has_no_metrics_of_other_weights(run, tmp_path):
    evaluated(run)  # which takes the moving averages
    strip(run, tmp_path / "made", moving_averages="drop")
    assert "Not measured" in (tmp_path / "made/README.md").read_text()


def test_what_is_wrong_is_a_line_and_leaves_nothing(run, tmp_path):
    faulty = {"net/w": np.array([np.inf], np.float32)}
    source = checkpoints.save(tmp_path / "faulty", 1, faulty)
    for path, flags, words in (
        (source, {}, "NaN or infinite values, such as net/w"),
        (tmp_path / "none", {}, "no checkpoint"),
        (source, {"model": "lenet"}, "holds no variable of lenet"),
        (run, {"output_folder": run}, "holds something already"),
    ):
        output = flags.pop("output_folder", tmp_path / "made")
        with pytest.raises(errors.InputError, match=words) as caught:
            strip(path, output, **flags)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "made").exists()
