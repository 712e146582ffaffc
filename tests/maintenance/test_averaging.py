"""Averages: means in float64, statistics of the mean's own, refusals in one line."""

import json
import shutil

import numpy as np
import pytest

from slimnets import checkpoints, errors
from slimnets.config import dataclass_flags
from slimnets.config.checkpoint_files import CheckpointsConfig
from slimnets.maintenance import averaging, listing
from slimnets.model import Model
from tests.inference.test_evaluator import evaluated, images_and_labels
from tests.tiny_runs import silent, weights

AVERAGE = "/ExponentialMovingAverage"


def average(paths, output, **flags) -> str:
    flags["output"] = str(output)
    config = dataclass_flags.from_dict(CheckpointsConfig, flags)
    return averaging.average([str(path) for path in paths], config, silent)


def refused(paths, output, **flags) -> str:
    with pytest.raises(errors.InputError) as caught:
        average(paths, output, **flags)
    assert "\n" not in str(caught.value)
    assert not output.exists()
    return str(caught.value)


def test_the_mean_is_taken_in_float64(run, tmp_path):
    made = weights(average([run], tmp_path / "mean", moving_averages="drop"))
    each = [weights(f"{run}/model.ckpt-{step}") for step in (1, 2, 3)]
    assert made.pop("global_step") == 3
    assert sorted(made) == [
        "Tiny/Conv/BatchNorm/beta",
        "Tiny/Conv/BatchNorm/moving_mean",
        "Tiny/Conv/BatchNorm/moving_variance",
        "Tiny/Conv/weights",
        "Tiny/Logits/biases",
        "Tiny/Logits/weights",
    ]
    for name, value in made.items():
        mean = np.mean([one[name].astype(np.float64) for one in each], axis=0)
        np.testing.assert_array_equal(value, mean.astype(np.float32), err_msg=name)


def test_moving_averages_become_the_weights(run, tmp_path):
    made = weights(average([run], tmp_path / "mean", last=2))
    name = "Tiny/Logits/weights"
    each = [weights(f"{run}/model.ckpt-{step}")[name + AVERAGE] for step in (2, 3)]
    np.testing.assert_allclose(made[name], np.mean(each, axis=0), rtol=1e-6)
    assert not any(name.endswith(AVERAGE) for name in made)


def test_evaluation_reads_it_as_it_reads_a_run(run, toy_data, tmp_path):
    """Three times the same weights: the counts are theirs."""
    for copy in ("a", "b"):
        shutil.copytree(run, tmp_path / copy)
    paths = [tmp_path / "a/model.ckpt-3", tmp_path / "b/model.ckpt-3"]
    average(paths, tmp_path / "mean")
    [mean] = evaluated(tmp_path / "mean")
    [one] = evaluated(tmp_path / "a")
    assert mean.summary.to_json() == one.summary.to_json()
    settings = json.loads((tmp_path / "mean/settings.json").read_text())
    assert settings.pop("mean_of") == {
        "checkpoints": [str(path) for path in paths],
        "moving_averages": "take",
        "update_batch_norm": False,
    }
    assert settings == json.loads((run / "settings.json").read_text())
    text = listing.describe(listing.read(tmp_path / "mean"))
    assert f"the mean of 2 checkpoints: {paths[0]}, {paths[1]}\n" in text


def test_statistics_are_those_of_the_averaged_weights(run, toy_data, tmp_path):
    path = average([run], tmp_path / "mean", update_batch_norm=True, batch_size=12)
    made = weights(path)
    images, _ = images_and_labels(toy_data, "train")
    model = Model("tiny_bn", 3)
    model.restore(path)
    before = model.variables_by_name["Tiny/Conv/BatchNorm/moving_mean"]
    before.assign(np.full(before.shape, 7.0, np.float32))  # of no account
    kernel = made["Tiny/Conv/weights"].astype(np.float64)
    # One batch of all images: its mean is that of a plain convolution.
    padded = np.pad(images.astype(np.float64), ((0, 0), (0, 1), (0, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    outputs = np.einsum("bhwcij,ijco->bhwo", windows[:, ::2, ::2], kernel)
    np.testing.assert_allclose(
        made["Tiny/Conv/BatchNorm/moving_mean"],
        outputs.mean(axis=(0, 1, 2)),
        rtol=1e-4,
        atol=1e-5,
    )
    count = outputs[..., 0].size
    np.testing.assert_allclose(
        made["Tiny/Conv/BatchNorm/moving_variance"],
        outputs.var(axis=(0, 1, 2)) * count / (count - 1),
        rtol=1e-4,
    )


def test_without_batch_norm_there_is_nothing_to_update(toy_data, tmp_path):
    values = {
        "Tiny/Conv/weights": np.ones([3, 3, 3, 4], np.float32),
        "Tiny/Conv/biases": np.ones([4], np.float32),
        "Tiny/Logits/weights": np.ones([4, 3], np.float32),
        "Tiny/Logits/biases": np.ones([3], np.float32),
    }
    paths = [checkpoints.save(tmp_path / "few", step, values) for step in (1, 2)]
    flags = {"model": "tiny", "update_batch_norm": True, "dataset_dir": toy_data}
    line = refused(paths, tmp_path / "mean", **flags)
    assert line == "tiny has no batch norm; leave --update_batch_norm out"


def test_what_means_nothing_is_refused(run, tmp_path):
    output = tmp_path / "mean"
    one, two = run / "model.ckpt-1", run / "model.ckpt-2"
    assert "takes two checkpoints or more, not 1" in refused([one], output)
    assert "is named twice" in refused([one, two, one], output)
    assert "--last is for one folder" in refused([one, two], output, last=2)
    line = refused([one, two], output, moving_averages="keep", update_batch_norm=True)
    assert "leave one of the two out" in line


def test_other_variables_are_refused(tmp_path):
    values = {"a": np.ones([2], np.float32), "b": np.ones([3], np.float32)}
    whole = checkpoints.save(tmp_path / "1", 1, values)
    other = checkpoints.save(tmp_path / "2", 2, {"a": values["a"]})
    output = tmp_path / "mean"
    for pair in ([whole, other], [other, whole]):
        assert "only one of them has b" in refused(pair, output)
    other = checkpoints.save(tmp_path / "3", 3, values | {"b": values["a"]})
    assert "b has shape [3] and [2]" in refused([whole, other], output)
    other = checkpoints.save(tmp_path / "4", 4, values | {"a": values["a"] * np.nan})
    assert "NaN or infinite values, such as a" in refused([whole, other], output)


def test_classes_in_another_order_are_refused(run, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(run, other)
    settings = json.loads((other / "settings.json").read_text())
    settings["run"]["class_names"] = ["green", "red", "blue"]
    (other / "settings.json").write_text(json.dumps(settings))
    line = refused([run / "model.ckpt-1", other / "model.ckpt-2"], tmp_path / "mean")
    assert "their class_names differ" in line
