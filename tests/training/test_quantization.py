"""Quantization-aware training from the settings of a run."""

import pytest

from slimnets import checkpoints, errors
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig
from slimnets.inference import evaluator
from slimnets.training import trainer
from tests.tiny_runs import silent, weights


def evaluate(path: str, say=lambda line: None, **flags):
    flags = {"checkpoint_path": path, "batch_size": 4, **flags}
    made = dataclass_flags.from_dict(EvalConfig, flags)
    return next(iter(evaluator.evaluate(made, say)))


def test_a_run_keeps_ranges_and_is_evaluated_rounded_or_not(config):
    made = config(
        model="tiny_bn",
        quantize_delay=1,
        eval_every="2",
        moving_average_decay=0.5,
    )
    end = trainer.train(made, silent).checkpoint
    held = weights(end)
    assert held["Tiny/Conv/act_quant/max"] > 0
    assert "Tiny/Conv/weights_quant/min/ExponentialMovingAverage" in held
    lines: list[str] = []
    in_float = evaluate(end, lines.append)
    assert any("rounded to integers, as --quantize does" in line for line in lines)
    rounded = evaluate(end, quantize=True)
    assert in_float.summary.num_examples == rounded.summary.num_examples == 7
    assert in_float.summary.loss != rounded.summary.loss


def test_a_float_run_cannot_be_evaluated_rounded(config):
    end = trainer.train(config(model="tiny_bn"), silent).checkpoint
    with pytest.raises(errors.InputError, match="leave --quantize out"):
        evaluate(end, quantize=True)


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ({"freeze_bn_delay": 3}, "give --quantize_delay too"),
        ({"quantize_delay": 5, "freeze_bn_delay": 3}, "comes before"),
        ({"quantize_delay": 0, "precision": "bfloat16"}, "--precision=bfloat16"),
        ({"quantize_delay": 0, "recompute_gradients": True}, "--recompute_gradients"),
        ({"quantize_delay": 0, "sync_batch_norm": True}, "--sync_batch_norm"),
        ({"quantize_delay": -2}, "quantize_delay"),
    ],
)
def test_contradictions_are_refused_in_a_line(config, flags, line):
    with pytest.raises(errors.InputError, match=line) as caught:
        trainer.train(config(**flags), silent)
    assert "\n" not in str(caught.value)


def test_names_of_ranges():
    assert checkpoints.is_range("a/act_quant/min")
    assert checkpoints.is_range("a/weights_quant_1/a/weights_quant_1/max/biased")
    assert checkpoints.is_range("a/act_quant/min/ExponentialMovingAverage")
    assert not checkpoints.is_range("a/quant/weights")
