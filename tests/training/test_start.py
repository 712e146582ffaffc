"""What a run starts from: its own checkpoint, another run's weights, or neither."""

from pathlib import Path

import pytest

from slimnets import errors, folder_lock
from slimnets.config import dataclass_flags
from slimnets.config.devices import DevicesConfig
from slimnets.config.inference import EvalConfig
from slimnets.datasets import arrays
from slimnets.distribution import strategies
from slimnets.inference import evaluator
from slimnets.training import start as starts
from slimnets.training import trainer
from slimnets.training.state import TrainState
from tests.tiny_runs import (
    CLASSES,
    EXAMPLES,
    assert_same,
    changed,
    refused,
    silent,
    toy_split,
)


@pytest.mark.slow
def test_in_two_parts_as_in_one(config, tmp_path):
    """The whole split in one batch, so that the order of images does not matter."""
    flags = {
        "batch_size": EXAMPLES,
        "optimizer": "adam",
        "opt_epsilon": 1e-8,
        "model": "tiny_bn",
        "moving_average_decay": 0.9,
        "learning_rate_decay_type": "exponential",
        "num_epochs_per_decay": 2.0,
        "learning_rate": 0.01,
    }
    at_once = trainer.train(config(**flags, max_number_of_steps=6), silent)
    flags["train_dir"] = str(tmp_path / "parts")
    trainer.train(config(**flags, max_number_of_steps=3), silent)
    lines = []
    parts = trainer.train(config(**flags, max_number_of_steps=6), lines.append)
    assert lines == [
        f"resuming from {tmp_path}/parts/model.ckpt-3, step 3",
    ]
    assert_same(at_once.checkpoint, parts.checkpoint, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_on_another_number_of_replicas(config):
    trainer.train(config(model="tiny_bn"), silent)
    flags = {"strategy": "mirrored", "num_clones": 2, "model": "tiny_bn"}
    assert trainer.train(config(**flags, max_number_of_steps=3), silent).step == 3
    made = config(model="tiny_bn", max_number_of_steps=4)
    assert trainer.train(made, silent).step == 4


def test_workers_that_do_not_share_a_train_dir(config):
    strategy = strategies.get_strategy(DevicesConfig("mirrored", num_clones=2))
    with strategy.scope():
        state = TrainState(config(), len(CLASSES))
        state.global_step.assign(7)
        starts.check_same_step(strategy, state)
        parts = strategy.experimental_local_results(state.global_step)
        parts[1].assign(0)
        with pytest.raises(errors.InputError, match="this worker begins at step 7"):
            starts.check_same_step(strategy, state)


@pytest.mark.parametrize("steps", [2, 1])
def test_a_finished_run_says_so(config, tmp_path, steps):
    done = trainer.train(config(), silent)
    before = Path(done.checkpoint + ".index").stat().st_mtime_ns
    lines = []
    outcome = trainer.train(config(max_number_of_steps=steps), lines.append)
    assert f"is already trained to step 2 of {steps}; for more steps" in lines[-1]
    assert (outcome.step, outcome.loss) == (2, None)
    assert outcome.checkpoint == done.checkpoint
    assert Path(done.checkpoint + ".index").stat().st_mtime_ns == before


def test_another_optimizer(config):
    trainer.train(config(), silent)
    message = refused(config(optimizer="adam", max_number_of_steps=9))
    assert "Tiny/Conv/weights/Adam is not in it" in message
    assert "give another --train_dir" in message


def test_what_makes_a_resumed_run_another_one_is_told(config, toy_data, monkeypatch):
    trainer.train(config(), silent)
    lines = []
    changes = {
        "batch_size": 6,
        "seed": None,
        "learning_rate": 0.5,
        # No line is due for these.
        "max_number_of_steps": 3,
        "save_interval_steps": 2,
        "dataset_dir": Path(toy_data).name,
    }
    monkeypatch.chdir(Path(toy_data).parent)
    trainer.train(config(**changes), lines.append)
    assert lines[1:] == [
        "--batch_size is 6 from here on; up to this step it was 4",
        "--learning_rate is 0.5 from here on; up to this step it was 0.1",
        "--seed is None from here on; up to this step it was 1",
    ]


@pytest.mark.parametrize(("decay", "told"), [("cosine", 1), ("exponential", 0)])
def test_the_length_of_a_run_counts_where_the_learning_rate_knows_it(
    config, decay, told
):
    made = config(learning_rate_decay_type=decay, max_number_of_steps=9)
    before = dataclass_flags.to_dict(made) | {"max_number_of_steps": 5}
    del before["weight_decay"]  # as of a run that had no such flag yet
    now = dataclass_flags.to_dict(made)
    before["dataset_dir"] = now["dataset_dir"]
    assert len(list(starts.describe_changes(before, made))) == told


@pytest.mark.parametrize(("eval_every", "told"), [(3, 1), (0, 0)])
def test_steps_of_a_call_count_where_evaluations_wait_for_them(
    config, eval_every, told
):
    made = config(eval_every=eval_every, steps_per_call=2)
    before = dataclass_flags.to_dict(made) | {"steps_per_call": 1}
    before["dataset_dir"] = dataclass_flags.to_dict(made)["dataset_dir"]
    assert len(list(starts.describe_changes(before, made))) == told


def test_another_checkpoints_weights(config, tmp_path):
    """No step is taken in the excluded scope, which therefore starts anew."""
    old = trainer.train(config(max_number_of_steps=5), silent)
    flags = {
        "train_dir": str(tmp_path / "new"),
        "checkpoint_path": str(tmp_path / "run"),
        "checkpoint_exclude_scopes": ("Tiny/Logits",),
        "trainable_scopes": ("Tiny/Conv/biases",),
        "seed": 99,
    }
    lines = []
    new = trainer.train(config(**flags, max_number_of_steps=1), lines.append)
    assert lines == [
        f"restored 2 variables from {old.checkpoint}; left out 2 in excluded"
        " scopes; 3 in it not used"
    ]
    assert changed(old.checkpoint, new.checkpoint) == {
        "Tiny/Conv/biases",
        "Tiny/Logits/weights",
        "Tiny/Logits/biases",
    }
    trainer.train(config(**flags), lines.append)
    assert lines[1:] == [
        f"resuming from {new.checkpoint}, step 1",
        f"--checkpoint_path={tmp_path}/run is not read: {new.checkpoint} exists"
        " already",
    ]


def test_a_damaged_checkpoint_and_leftovers_of_killed_saves(config, tmp_path):
    made = config(max_number_of_steps=3, save_interval_steps=1)
    last = trainer.train(made, silent).checkpoint
    data = Path(f"{last}.data-00000-of-00001")
    data.write_bytes(data.read_bytes()[:-1])
    leftover = tmp_path / "run" / "unfinished-model.ckpt-9.data-00000-of-00001"
    leftover.touch()
    lines = []
    assert trainer.train(made, lines.append).step == 3
    before = f"{last.removesuffix('-3')}-2"
    assert lines == [
        f"{last} is damaged or cut off; taking {before}, the newest that is not",
        f"resuming from {before}, step 2",
    ]
    assert not leftover.exists()


def test_a_checkpoint_that_is_not_there(config, tmp_path):
    message = refused(config(checkpoint_path=str(tmp_path / "none")))
    assert f"no checkpoint {tmp_path}/none; give" in message


def test_other_classes_than_the_runs(config, tmp_path):
    trainer.train(config(), silent)
    settings = (tmp_path / "run" / "settings.json").read_bytes()
    other = arrays.ArrayDataset("other", CLASSES[::-1], {"train": toy_split(6, 0)})
    arrays.convert(other, tmp_path / "other")
    flags = {"dataset_dir": str(tmp_path / "other"), "max_number_of_steps": 9}
    message = refused(config(**flags))
    assert "class 0 was 'red', it is 'blue' now" in message
    assert (tmp_path / "run" / "settings.json").read_bytes() == settings


def test_a_second_training_in_the_folder(config, tmp_path):
    (tmp_path / "run").mkdir()
    with folder_lock.lock(tmp_path / "run", "training"):
        assert "run is being written already: training by process" in refused(config())
    assert trainer.train(config(), silent).step == 2
    assert not (tmp_path / "run" / ".lock").exists()


@pytest.mark.parametrize(
    "name",
    ["caf\udce9", pytest.param("run [1]*? \u65e5\u672c", marks=pytest.mark.slow)],
)
def test_a_folder_of_any_name(config, tmp_path, name):
    folder = tmp_path / name
    flags = {"train_dir": str(folder), "save_interval_steps": 1}
    flags["max_checkpoints_to_keep"] = 1
    trainer.train(config(max_number_of_steps=2, **flags), silent)
    lines = []
    trainer.train(config(max_number_of_steps=3, **flags), lines.append)
    assert lines == [f"resuming from {folder}/model.ckpt-2, step 2"]
    assert [path.stem for path in folder.glob("*.index")] == ["model.ckpt-3"]
    config_ = dataclass_flags.from_dict(EvalConfig, {"checkpoint_path": str(folder)})
    [result] = evaluator.evaluate(config_, silent)
    assert result.summary.num_examples == 7 and not result.fault
