"""Training and evaluation on datasets that are given from Python."""

import json

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig
from slimnets.datasets import elements
from slimnets.inference import evaluator
from slimnets.training import trainer
from tests.tiny_runs import CLASSES, make_config, silent, toy_split, weights


def own(examples, seed, split="train"):
    """Returns a dataset of tiny images, in an order that a seed gives."""
    tf.random.set_seed(0)  # as each process would
    images, labels = toy_split(examples, seed)
    pairs = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(12, seed=3)
    return elements.make_dataset(pairs, CLASSES, name="colours", split=split)


def evaluated(run, **given):
    config = dataclass_flags.from_dict(EvalConfig, {"checkpoint_path": str(run)})
    [result] = evaluator.evaluate(config, silent, **given)
    return result


@pytest.mark.slow
def test_it_trains_validates_resumes_and_evaluates(tmp_path):
    train, held_out = own(12, 0), own(7, 1, "validation")
    flags = {"model": "tiny_bn", "eval_every": 2, "preprocessing_name": "cifarnet"}
    whole = make_config(None, tmp_path / "a", max_number_of_steps=6, **flags)
    outcome = trainer.train(whole, silent, train, held_out)
    for steps in (2, 6):
        config = make_config(None, tmp_path / "b", max_number_of_steps=steps, **flags)
        said, both = [], (own(12, 0), own(7, 1, "validation"))
        resumed = trainer.train(config, said.append, *both)
    assert not [line for line in said if "dataset_dir" in line]
    one, other = weights(outcome.checkpoint), weights(resumed.checkpoint)
    assert [name for name in one if one[name].tobytes() != other[name].tobytes()] == []
    result = evaluated(tmp_path / "a" / "run", dataset=held_out)
    assert result.summary.num_examples == 7
    np.testing.assert_array_equal(result.summary.count, [3, 2, 2])
    lines = (tmp_path / "a" / "run" / "metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["top1"] == pytest.approx(result.summary.top1, 1e-6)
    with pytest.raises(errors.InputError, match="python:colours, was given from"):
        evaluated(tmp_path / "a" / "run")


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ({"eval_every": 1}, "--eval_every evaluates on held_out"),
        ({"batch_size": "auto"}, "--batch_size=auto does not go with a dataset"),
        ({"dataset_dir": "/x"}, "--dataset_dir=/x does not go with a dataset"),
    ],
    ids=["eval", "auto", "folder"],
)
def test_settings_that_it_rules_out(tmp_path, flags, line):
    with pytest.raises(errors.InputError, match=line):
        trainer.train(make_config(None, tmp_path, **flags), silent, own(12, 0))


def test_a_bad_element_ends_training_in_a_line(tmp_path, ended_pipelines):
    images, labels = toy_split(12, 0)
    pairs = tf.data.Dataset.from_tensor_slices((images, labels + 1))
    bad = elements.make_dataset(pairs, CLASSES)
    with pytest.raises(errors.InputError, match=r"^element 2 .* label is 3, not one"):
        trainer.train(make_config(None, tmp_path), silent, bad)
