"""Validation inside training: as eval would score, the best kept, the end, kills."""

import dataclasses
import json
import shutil

import pytest
import tensorflow as tf

from slimnets import checkpoints
from slimnets.checkpoints import run_settings
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig
from slimnets.inference import evaluator, metrics
from slimnets.training import trainer
from slimnets.training.history import JSON_LINES
from slimnets.training.validation import Validation
from tests.tiny_runs import refused, silent, weights

EVERY_STEP = {"model": "tiny_bn", "eval_every": 1, "preprocessing_name": "plain"}
# Learns nothing, so that no evaluation is better than the first.
STANDING_STILL = {"learning_rate": 0.0, "eval_every": 1, "early_stopping_patience": 2}


def lines_of(folder) -> list[dict]:
    """Returns metrics.jsonl of a run."""
    return [json.loads(line) for line in (folder / JSON_LINES).read_text().splitlines()]


def evaluate(path) -> evaluator.Evaluation:
    """Evaluates what lies at a path."""
    config = dataclass_flags.from_dict(EvalConfig, {"checkpoint_path": str(path)})
    [evaluation] = evaluator.evaluate(config, silent)
    return evaluation


@pytest.mark.parametrize(
    "flags",
    [
        {},
        pytest.param({"moving_average_decay": 0.5}, marks=pytest.mark.slow),
        pytest.param(
            {"strategy": "mirrored", "num_clones": 2, "clone_on_cpu": True},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"precision": "bfloat16", "use_grayscale": True}, marks=pytest.mark.slow
        ),
    ],
)
def test_it_scores_as_eval_does(config, tmp_path, flags):
    made = config(**EVERY_STEP, **flags, max_number_of_steps=3)
    said = []
    outcome = trainer.train(made, said.append)
    run = tmp_path / "run"
    lines = lines_of(run)
    assert [line["step"] for line in lines] == [1, 2, 3]
    assert lines[-1]["epoch"] == 1.0
    shutil.rmtree(run / "eval_validation")
    expected = evaluate(run)
    summary = expected.summary
    for name, value in summary.list_scalars().items():
        assert lines[-1][name] == pytest.approx(value, abs=1e-6)
    assert lines[-1]["moving_averages"] == ("moving_average_decay" in flags)
    best = evaluate(run / "best")
    assert checkpoints.get_step(best.report.path) == outcome.best.step
    assert best.summary.top1 == outcome.best.metrics["top1"]
    told = [line for line in said if line.startswith("step ")]
    assert len(told) == 3 and "; the best top1 so far" in told[0]


def test_the_best_is_kept_and_the_latest(config, tmp_path, monkeypatch):
    summarize = metrics.Counts.summarize
    scores = iter([0.1, 0.9, 0.3])
    monkeypatch.setattr(
        metrics.Counts,
        "summarize",
        lambda *given: dataclasses.replace(summarize(*given), top1=next(scores)),
    )
    outcome = trainer.train(config(**EVERY_STEP, max_number_of_steps=3), silent)
    run = tmp_path / "run"
    assert outcome.best.step == 2
    assert checkpoints.find(run / "best") == str(run / "best" / "model.ckpt-2")
    assert checkpoints.find(run) == str(run / "model.ckpt-3")
    assert run_settings.read(str(run / "best" / "model.ckpt-2")).model == "tiny_bn"
    assert weights(str(run / "best" / "model.ckpt-2"))["global_step"] == 2
    assert not [path for path in run.rglob("*unfinished*")]


@pytest.mark.slow
def test_tensorboard_and_the_picture(config, tmp_path):
    trainer.train(config(**EVERY_STEP, plot=True), silent)
    run = tmp_path / "run"
    tags = {
        value.tag
        for path in (run / "eval_validation").glob("events.*")
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
    }
    assert "eval/Accuracy" in tags
    assert (run / "curves.png").stat().st_size > 10_000


@pytest.mark.slow
def test_epochs_and_the_last_step(config, tmp_path):
    made = config(eval_every="1ep", max_number_of_steps="2.5ep")  # 12 images, 4 a step
    assert trainer.train(made, silent).step == 8
    assert [line["step"] for line in lines_of(tmp_path / "run")] == [3, 6, 8]


@pytest.mark.slow
def test_steps_of_one_call_are_not_parted(config, tmp_path):
    trainer.train(config(eval_every=3, steps_per_call=2, max_number_of_steps=9), silent)
    assert [line["step"] for line in lines_of(tmp_path / "run")] == [4, 8, 9]


def test_an_early_end(config, tmp_path):
    made = config(**STANDING_STILL, max_number_of_steps=9)
    outcome = trainer.train(made, silent)
    assert outcome.stopped_early and outcome.interrupted is None
    assert (outcome.step, outcome.best.step) == (3, 1)
    said = []
    again = trainer.train(made, said.append)
    assert again.step == 3 and again.loss is None
    assert any("ended early at step 3" in line for line in said)
    further = config(**STANDING_STILL | {"early_stopping_patience": 4})
    assert trainer.train(further, silent).step == 3  # which is beyond its last step


@pytest.mark.slow
def test_a_plateau_lowers_the_rate(config, tmp_path):
    made = config(
        eval_every=1,
        learning_rate=0.1,
        end_learning_rate=0.002,
        learning_rate_decay_type="plateau",
        plateau_patience=1,
        best_metric="top5",  # of three classes all are among the five: never better
        max_number_of_steps=5,
    )
    trainer.train(made, silent)
    rates = [line["learning_rate"] for line in lines_of(tmp_path / "run")]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.002, 0.002])


@pytest.mark.slow
def test_the_least_rate_is_not_scaled_by_the_batch(config, tmp_path):
    flags = {
        "eval_every": 1,
        "learning_rate": 6.4,  # of 256 images, so 0.1 of the 4 of a step
        "scale_learning_rate": True,
        "end_learning_rate": 0.03,
        "learning_rate_decay_type": "plateau",
        "plateau_patience": 1,
        "best_metric": "top5",
        "max_number_of_steps": 3,
    }
    trainer.train(config(**flags), silent)
    rates = [line["learning_rate"] for line in lines_of(tmp_path / "run")]
    assert rates == pytest.approx([0.1, 0.1, 0.03])
    # A run that goes on otherwise says what has become of its schedule.
    again, said = [], []
    trainer.train(config(**flags), again.append)
    assert not [line for line in again if "taken anew" in line]
    flags |= {"plateau_patience": 2, "plateau_factor": 0.5}
    trainer.train(config(**flags), said.append)
    assert (
        "--plateau_patience=2, before 1; --plateau_factor=0.5, before 0.1: the plateau"
        " schedule is taken anew from all 3 evaluations so far, and multiplies the"
        " learning rate by 0.5 now"
    ) in said


class Killed(BaseException):
    """Ends a run on the spot."""


@pytest.mark.slow
def test_a_kill_between_a_checkpoint_and_its_evaluation(config, tmp_path, monkeypatch):
    evaluate_checkpoint = Validation.evaluate

    def die_at_two(self, checkpoint, *arguments):
        if checkpoints.get_step(checkpoint) == 2:
            raise Killed
        evaluate_checkpoint(self, checkpoint, *arguments)

    flags = {
        **EVERY_STEP,
        "learning_rate_decay_type": "plateau",
        "plateau_patience": 1,
        "max_number_of_steps": 4,
        "best_metric": "top5",
    }
    whole = trainer.train(config(**flags, train_dir=str(tmp_path / "whole")), silent)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Validation, "evaluate", die_at_two)
        trainer.train(config(**flags), silent)
    killed = trainer.train(config(**flags), silent)
    one, other = weights(whole.checkpoint), weights(killed.checkpoint)
    assert [n for n in one if one[n].tobytes() != other[n].tobytes()] == []
    lines = [lines_of(tmp_path / name) for name in ("whole", "run")]
    for line in (*lines[0], *lines[1]):
        line.pop("seconds"), line.pop("train_loss"), line.pop("learning_rate")
    assert lines[0] == lines[1]


@pytest.mark.slow
def test_another_metric_chooses_another_best(config, tmp_path):
    """What the last line calls the best is what lies in best/, or nothing is said."""
    run, best = tmp_path / "run", tmp_path / "run" / "best"
    flags = {**EVERY_STEP, "learning_rate": 0.0, "max_number_of_steps": 3}
    before = trainer.train(config(**flags, best_metric="top1"), silent).best.step
    lines, chosen = lines_of(run), before % 3 + 1
    for line in lines:
        line["loss"] = 1.0 if line["step"] == chosen else 2.0
    (run / JSON_LINES).write_text("".join(json.dumps(line) + "\n" for line in lines))
    said, by_loss = [], config(**flags, best_metric="loss")
    trainer.train(by_loss, said.append)
    assert checkpoints.get_step(checkpoints.find(best)) == chosen
    name = f"model.ckpt-{chosen}"
    assert f"the best loss is that of {run}/{name}: copied to best/" in said


@pytest.mark.slow
def test_a_best_whose_checkpoint_is_gone_is_refused(config, tmp_path):
    flags = {**EVERY_STEP, "max_number_of_steps": 2}
    trainer.train(config(**flags), silent)
    run = tmp_path / "run"
    lines = lines_of(run)
    lines[0]["top1"], lines[1]["top1"] = 0.9, 0.1
    (run / JSON_LINES).write_text("".join(json.dumps(line) + "\n" for line in lines))
    (run / "model.ckpt-1.index").unlink()
    shutil.rmtree(run / "best")
    reason = refused(config(**flags))
    assert "the best top1 is that of step 1, whose checkpoint is neither in" in reason


@pytest.mark.slow
def test_settings_of_the_best_that_cannot_be_written(config, tmp_path):
    (tmp_path / "run" / "best" / run_settings.FILE).mkdir(parents=True)
    reason = refused(config(**EVERY_STEP, max_number_of_steps=1))
    assert reason.startswith("cannot write") and "best/settings.json" in reason


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ({"early_stopping_patience": 1}, "--early_stopping_patience is about"),
        ({"plot": True}, "--plot is about evaluations inside training; give"),
        ({"learning_rate_decay_type": "plateau"}, "=plateau follows evaluations"),
        ({"eval_every": "often"}, "--eval_every: 'often' is no duration; write"),
        ({"eval_every": 1, "eval_split_name": "tset"}, "'tset'"),
        ({"eval_every": 1, "best_metric": "top2"}, "unknown best_metric 'top2'"),
    ],
)
def test_bad_input(config, tmp_path, flags, reason):
    assert reason in refused(config(**flags))
    assert not list((tmp_path / "run").glob("*.index"))
