"""A network that was trained rounded becomes a file of integers, compared in steps."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig, ExportConfig
from slimnets.export import lite
from slimnets.inference import (
    evaluator,
    exporter,
    parity,
    parity_scores,
    quantized_export,
)
from slimnets.layers.computation import Computation, computing
from slimnets.layers.fake_quantization import FakeQuantization
from slimnets.model import Model
from slimnets.nets import registry
from slimnets.nets.mobilenet.v3_blocks import hard_sigmoid, hard_swish
from slimnets.training import trainer
from tests.tiny_runs import config, silent, tiny_networks, toy_data  # noqa: F401

EXPECTED = np.array([[0.0, 1, 2], [2, 1, 0]], np.float32)


def test_logits_are_compared_in_steps():
    found = {"images": EXPECTED + np.array([0.5, 0, 0], np.float32)}
    (comparison,) = quantized_export.compare_all(found, EXPECTED, 0.25)
    assert comparison.agreeing == comparison.images == 2
    assert comparison.within_step == pytest.approx(4 / 6)
    assert comparison.difference == 2
    assert "fewer than 99%" in str(comparison)
    (same,) = quantized_export.compare_all({"images": EXPECTED}, EXPECTED, 0.25)
    assert "100.00% of the logits within one step" in str(same)
    assert "fewer" not in str(same)


def test_another_class_is_an_error_in_one_line():
    with pytest.raises(errors.InputError, match="it is not kept") as caught:
        quantized_export.compare_all({"images": EXPECTED[::-1]}, EXPECTED, 0.25)
    assert "\n" not in str(caught.value)


def test_ranges_of_weights_become_symmetric():
    with computing(Computation(quantization=FakeQuantization())):
        model = Model("tiny", 3)
    low, high = (
        model.variables_by_name[f"Tiny/Conv/weights_quant/{n}"] for n in ("min", "max")
    )
    low.assign(-1.0)
    high.assign(3.0)
    quantized_export.widen_weights(model)
    assert (float(low), float(high)) == (-3, 3)
    assert float(model.variables_by_name["Tiny/Conv/act_quant/min"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_rounded_run_becomes_int8(config, toy_data, tmp_path, seed):  # noqa: F811
    made = config(model="tiny_bn", quantize_delay=0, max_number_of_steps=20, seed=seed)
    end = trainer.train(made, silent).checkpoint
    for flag, kinds in ((None, True), (False, False)):
        output = tmp_path / f"{flag}"
        flags = {
            "checkpoint_path": end,
            "output": str(output),
            "format": "lite",
            "quantize": flag,
        }
        done = exporter.export(dataclass_flags.from_dict(ExportConfig, flags), silent)
        assert all(c.agreeing == c.images for c in done.comparisons)
        if flag is None:
            assert all(c.within_step >= 0.99 for c in done.comparisons)
            check_report(done.parity, output)
        else:
            assert done.parity is None and not (output / parity.FILE).exists()
        assert (np.int8 in _read_types(output / lite.FILE)) == kinds


def shortcuts(images, num_classes=3, is_training=True, scope="Shortcuts", **_):
    """Hard swish, a shortcut, one before relu, and channels weighed by others."""
    given = {"normalizer_fn": slim.batch_norm}
    with (
        tf.compat.v1.variable_scope(scope),
        slim.arg_scope([slim.batch_norm], is_training=is_training),
    ):
        net = slim.conv2d(images, 8, 3, activation_fn=hard_swish, scope="Conv", **given)
        for name, activation in (("Late", tf.identity), ("Early", tf.nn.relu)):
            inner = slim.conv2d(net, 8, 3, activation_fn=None, scope=name, **given)
            net = activation(net + inner)
        mean = tf.reduce_mean(net, [1, 2], keepdims=True)
        gate = slim.conv2d(mean, 8, 1, activation_fn=None, scope="Gate")
        net *= hard_sigmoid(gate)
        net = tf.reduce_mean(net, [1, 2])
        logits = slim.fully_connected(
            net, num_classes, activation_fn=None, scope="Logits"
        )
    return logits, {"Logits": logits}


@pytest.mark.slow
def test_sums_and_products_are_those_of_the_file(config, tmp_path, monkeypatch):  # noqa: F811
    row = dataclasses.replace(
        registry.NETWORKS["tiny"], name="shortcuts", builder=shortcuts
    )
    monkeypatch.setitem(registry.NETWORKS, "shortcuts", row)
    made = config(model="shortcuts", quantize_delay=0, max_number_of_steps=20)
    done = export_int8(trainer.train(made, silent).checkpoint, tmp_path / "out")
    assert len(done.comparisons) == 2
    for comparison in done.comparisons:
        assert comparison.agreeing == comparison.images
        assert comparison.within_step >= 0.99 and comparison.difference <= 1


def check_report(report: parity.Parity, output: Path) -> None:
    """The three are scored on all held-out images, two have a file."""
    assert report.images == 7 and report.source == "toy, validation"
    assert report.rounded is not None and report.calibration_images == 0
    assert report.drop == 0  # the kernels are followed so closely
    kept = json.loads((output / parity.FILE).read_text())
    assert kept["quantization"] == "int8" and kept["drop_in_points"] == 0
    assert kept["rounded"]["measures"] == kept["file"]["measures"]
    assert kept["rounded"]["bytes"] is None
    assert kept["file"]["bytes"] == (output / lite.FILE).stat().st_size
    assert kept["checkpoint"]["bytes"] > 0 and kept["checkpoint"]["milliseconds"] > 0


@pytest.fixture
def rounded_run(config, toy_data) -> str:  # noqa: F811
    made = config(model="tiny_bn", quantize_delay=0, max_number_of_steps=20, seed=0)
    return trainer.train(made, silent).checkpoint


def export_int8(path: str, output: Path, **flags) -> exporter.Export:
    given = {"checkpoint_path": path, "output": str(output), "format": "lite"}
    return exporter.export(
        dataclass_flags.from_dict(ExportConfig, given | flags), silent
    )


@pytest.mark.slow
def test_float_and_rounded_have_their_own_scores(rounded_run, tmp_path):
    """Float weights are the checkpoint's, rounded ones what eval --quantize scores."""
    done = export_int8(rounded_run, tmp_path / "out")
    assert done.parity is not None and done.parity.rounded is not None
    float_score, rounded = done.parity.checkpoint, done.parity.rounded
    replicas = {"strategy": "mirrored", "num_clones": 2}
    for flags, found in (
        ({"quantize": False}, float_score),
        ({"quantize": True}, rounded),
        ({"quantize": True} | replicas, rounded),
    ):
        given = {"checkpoint_path": rounded_run, "batch_size": 4} | flags
        evaluation = evaluator.measure(
            dataclass_flags.from_dict(EvalConfig, given), silent
        )
        assert found.measures["top1"] == evaluation.summary.list_scalars()["top1"]


@pytest.mark.slow
def test_photos_are_scored_by_the_class_of_the_rounded_network(rounded_run, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    random = np.random.default_rng(0)
    for k in range(4):
        image = random.integers(0, 255, [9 + k, 12, 3]).astype(np.uint8)
        (photos / f"{k}.png").write_bytes(tf.io.encode_png(image).numpy())
    report = export_int8(rounded_run, tmp_path / "out", images=str(photos)).parity
    assert report is not None and report.rounded is not None
    assert report.images == 4
    assert report.rounded.measures == {"same_class": 1.0}
    assert "in float" not in str(report)


@pytest.mark.slow
def test_a_drop_against_the_rounded_network_keeps_nothing(
    rounded_run, tmp_path, monkeypatch
):
    score = parity_scores.score
    float_alone = {"rounded": {"top1": 0.5}, "float": {"top1": 0.0}}

    def spoil(*arguments):
        scores = score(*arguments)
        return scores._replace(
            measures=scores.measures | float_alone | {"file": {"top1": 0.4}}
        )

    monkeypatch.setattr(parity_scores, "score", spoil)
    with pytest.raises(errors.InputError) as caught:
        export_int8(rounded_run, tmp_path / "out")
    line = str(caught.value)
    assert "falls from 50.00% to 40.00%, 10.00 points, more than --max_drop=1" in line
    assert "\n" not in line and not (tmp_path / "out").exists()
    assert export_int8(rounded_run, tmp_path / "out", max_drop=11).parity is not None


def _read_types(path) -> set[type]:
    """Returns the types of the tensors in a file."""
    interpreter = lite.make_interpreter(model_content=path.read_bytes())
    return {tensor["dtype"] for tensor in interpreter.get_tensor_details()}
