"""Training: what a step changes, going on, stopping, and what is said of bad input."""

import dataclasses
import json
import math
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files, run_settings
from slimnets.config import dataclass_flags
from slimnets.datasets import metadata, tfrecord
from slimnets.datasets import registry as datasets
from slimnets.monitoring import progress
from slimnets.nets import registry
from slimnets.training import distribute, loss_scale, timers, trainer
from slimnets.training import start as starts
from slimnets.training.state import TrainState

EXAMPLES, CLASSES = 12, 3


def silent(line: str) -> None:
    """Says nothing."""


def weights(path: str) -> dict[str, np.ndarray]:
    """Returns all that a checkpoint holds."""
    reader = tf.train.load_checkpoint(path)
    return {name: reader.get_tensor(name) for name in checkpoints.read_shapes(path)}


def changed(before: str, after: str) -> set[str]:
    """Returns the names whose values differ between two checkpoints."""
    old, new = weights(before), weights(after)
    assert old.keys() == new.keys()
    return {name for name in old if np.any(old[name] != new[name])} - {"global_step"}


def assert_same(one: str, other: str, **tolerance: float) -> None:
    """Compares all that two checkpoints hold."""
    ones, others = weights(one), weights(other)
    assert ones.keys() == others.keys()
    for name, value in ones.items():
        np.testing.assert_allclose(value, others[name], err_msg=name, **tolerance)


def refused(config: trainer.TrainConfig) -> str:
    """Returns the one line with which training refuses a configuration."""
    with pytest.raises(errors.InputError) as caught:
        trainer.train(config, silent)
    message = str(caught.value)
    assert "\n" not in message
    return message


class TestStep:
    """What one step changes."""

    def first_step(self, config, **flags) -> set[str]:
        made = config(max_number_of_steps=2, save_interval_steps=1, **flags)
        after = trainer.train(made, silent).checkpoint
        return changed(after.removesuffix("2") + "1", after)

    def test_every_trainable_variable(self, config):
        assert self.first_step(config) == {
            "Tiny/Conv/weights",
            "Tiny/Conv/biases",
            "Tiny/Logits/weights",
            "Tiny/Logits/biases",
        }

    def test_those_in_the_trainable_scopes_alone(self, config):
        assert self.first_step(config, trainable_scopes=("Tiny/Logits",)) == {
            "Tiny/Logits/weights",
            "Tiny/Logits/biases",
        }

    def test_batch_norms_averages_move_too(self, config):
        names = self.first_step(
            config, model="tiny_bn", trainable_scopes=("Tiny/Logits",)
        )
        assert names == {
            "Tiny/Conv/BatchNorm/moving_mean",
            "Tiny/Conv/BatchNorm/moving_variance",
            "Tiny/Logits/weights",
            "Tiny/Logits/biases",
        }

    def test_a_gradient_step_is_a_v1_graphs(self, config, toy_data):
        """The whole split in one batch, so that its order does not matter."""
        flags = {"batch_size": EXAMPLES, "weight_decay": 0.5, "label_smoothing": 0.1}
        made = config(max_number_of_steps=1, **flags)
        first = trainer.train(made, silent).checkpoint
        made = config(max_number_of_steps=2, **flags)
        second = trainer.train(made, silent).checkpoint
        before = weights(first)
        split = datasets.get_dataset(toy_data, "train")
        images, labels = [], []
        for record in tf.data.TFRecordDataset(list(split.files)):
            parsed = tfrecord.parse_example(record)
            images.append(tf.io.decode_png(parsed["encoded"]).numpy() / 127.5 - 1)
            labels.append(int(parsed["label"]))
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            logits, _ = registry.get_network_fn("tiny", 3, 0.5, is_training=True)(
                tf.constant(np.array(images, np.float32))
            )
            tf.compat.v1.losses.softmax_cross_entropy(
                tf.one_hot(labels, 3), logits, label_smoothing=0.1
            )
            total = tf.compat.v1.losses.get_total_loss()
            step = tf.compat.v1.train.GradientDescentOptimizer(0.1).minimize(total)
            variables = tf.compat.v1.global_variables()
            session.run(tf.compat.v1.global_variables_initializer())
            for variable in variables:
                variable.load(before[variable.op.name], session)
            session.run(step)
            after = {v.op.name: session.run(v) for v in variables}
        for name, value in after.items():
            np.testing.assert_allclose(
                weights(second)[name], value, rtol=1e-4, atol=1e-6, err_msg=name
            )

    @pytest.mark.parametrize("adapt", [True, False])
    def test_batch_norm_follows_early_steps(self, config, adapt):
        made = config(
            model="tiny_bn", max_number_of_steps=1, adapt_batch_norm_decay=adapt
        )
        variance = weights(trainer.train(made, silent).checkpoint)[
            "Tiny/Conv/BatchNorm/moving_variance"
        ]
        distance = np.abs(variance - 1).max()  # from its first value
        assert (distance > 0.1) if adapt else (0 < distance < 0.01)

    def test_the_step_is_traced_once(self, config, monkeypatch):
        calls = []
        row = registry.get_row("tiny")

        def counted(images, *arguments, **options):
            calls.append(images.shape)
            return row.builder(images, *arguments, **options)

        monkeypatch.setitem(
            registry.NETWORKS, "tiny", dataclasses.replace(row, builder=counted)
        )
        trainer.train(config(max_number_of_steps=6), silent)
        assert calls == [[None, 8, 8, 3], [4, 8, 8, 3]]  # variables, then the step

    def test_two_replicas_do_what_one_does(self, config, tmp_path):
        flags = {
            "max_number_of_steps": 3,
            "batch_size": EXAMPLES,
            "optimizer": "momentum",
            "weight_decay": 0.1,
            "moving_average_decay": 0.9,
        }
        one = trainer.train(config(**flags), silent)
        flags |= {"strategy": "mirrored", "num_clones": 2, "clone_on_cpu": True}
        two = trainer.train(config(**flags, train_dir=str(tmp_path / "two")), silent)
        assert_same(one.checkpoint, two.checkpoint, rtol=1e-4, atol=1e-5)
        assert two.loss == pytest.approx(one.loss, rel=1e-4)


class TestRun:
    """A run from its first step to its last."""

    def test_the_loss_falls(self, config):
        first = trainer.train(config(max_number_of_steps=1), silent)
        last = trainer.train(config(max_number_of_steps=60), silent)
        assert last.step == 60 and last.loss < first.loss / 3

    @pytest.mark.parametrize(
        ("flags", "last_step"),
        [
            ({"max_number_of_steps": 2}, 2),
            ({"max_number_of_steps": None, "num_epochs": 2.0}, 6),
            ({"max_number_of_steps": None, "num_epochs": 2.0, "batch_size": 5}, 5),
            ({"max_number_of_steps": None, "num_epochs": 0.01}, 1),
        ],
    )
    def test_its_length(self, config, flags, last_step):
        outcome = trainer.train(config(**flags), silent)
        assert outcome.step == last_step and outcome.interrupted is None
        assert outcome.checkpoint.endswith(f"model.ckpt-{last_step}")
        assert weights(outcome.checkpoint)["global_step"] == last_step

    @pytest.mark.parametrize(
        "flags",
        [
            {"learning_rate_decay_type": "cosine", "warmup_epochs": 1.0},
            {"optimizer": "adamw", "learning_rate_decay_type": "polynomial"},
            {"use_grayscale": True, "image_size": 12, "preprocessing_name": "lenet"},
            {"labels_offset": 0, "label_smoothing": 0.1, "weight_decay": 0.0},
            {"preprocessing_name": "inception", "model": "tiny_bn", "seed": None},
            {"num_readers": 1, "num_preprocessing_threads": 1, "seed": None},
        ],
    )
    def test_with_other_flags(self, config, flags):
        assert math.isfinite(trainer.train(config(**flags), silent).loss)

    def test_the_seed_repeats_a_run(self, config, tmp_path):
        flags = {"preprocessing_name": "inception", "max_number_of_steps": 3}
        paths = [
            trainer.train(
                config(**flags, seed=seed, train_dir=str(tmp_path / name)), silent
            ).checkpoint
            for name, seed in (("a", 7), ("b", 7), ("c", 8))
        ]
        assert_same(paths[0], paths[1], rtol=0, atol=1e-6)
        assert changed(paths[0], paths[2])

    def test_log_lines(self, config, capsys):
        trainer.train(config(max_number_of_steps=5, log_every_n_steps=2), silent)
        lines = capsys.readouterr().out.splitlines()
        assert [line.split(":")[0] for line in lines] == [
            "global step 2",
            "global step 4",
            "global step 5",
        ]
        assert all(" sec/step, " in line and " images/s" in line for line in lines)

    def test_checkpoints_by_steps_and_how_many_are_kept(self, config, tmp_path):
        made = config(
            max_number_of_steps=7, save_interval_steps=2, max_checkpoints_to_keep=3
        )
        trainer.train(made, silent)
        names = sorted(path.name for path in (tmp_path / "run").glob("*.index"))
        assert names == [f"model.ckpt-{step}.index" for step in (4, 6, 7)]

    def test_checkpoints_by_the_clock(self, config, tmp_path, monkeypatch):
        monkeypatch.setattr(
            timers.Interval, "is_due", lambda self, step: self._secs == 0.5
        )
        trainer.train(config(max_number_of_steps=3, save_interval_secs=0.5), silent)
        assert len(list((tmp_path / "run").glob("*.index"))) == 3

    def test_summaries(self, config, tmp_path):
        trainer.train(config(max_number_of_steps=2, log_every_n_steps=1), silent)
        tags = set()
        for path in (tmp_path / "run").glob("events.*"):
            for event in tf.compat.v1.train.summary_iterator(str(path)):
                tags |= {(event.step, value.tag) for value in event.summary.value}
        scalars = {
            "total_loss",
            "losses/classification",
            "losses/auxiliary",
            "losses/regularization",
            "accuracy",
            "learning_rate",
            "images_per_second",
            "waiting_for_data",
        }
        assert tags == {(s, tag) for s in (1, 2) for tag in scalars} | {(1, "input")}

    def test_float16_shows_its_loss_scale(self, config, tmp_path):
        made = config(precision="float16", max_number_of_steps=1, log_every_n_steps=1)
        outcome = trainer.train(made, silent)
        [events] = (tmp_path / "run").glob("events.*")
        [scale] = [
            tf.make_ndarray(value.tensor)
            for event in tf.compat.v1.train.summary_iterator(str(events))
            for value in event.summary.value
            if value.tag == "loss_scale"
        ]
        assert scale == 2**15
        assert not [
            n for n in checkpoints.read_shapes(outcome.checkpoint) if "scale" in n
        ]

    def test_settings_are_saved(self, config, tmp_path, toy_data, monkeypatch):
        monkeypatch.chdir(Path(toy_data).parent)
        made = config(dataset_dir=Path(toy_data).name, optimizer="momentum")
        outcome = trainer.train(made, silent)
        assert run_settings.read(outcome.checkpoint) == run_settings.RunSettings(
            model="tiny",
            num_classes=3,
            image_size=8,
            class_names=("red", "green", "blue"),
            preprocessing_name=None,
            labels_offset=0,
            use_grayscale=False,
            dataset_dir=toy_data,
            dataset_name=None,
        )
        content = json.loads((tmp_path / "run" / "settings.json").read_text())
        assert dataclass_flags.from_dict(trainer.TrainConfig, content["flags"]) == made


class TestSeveralStepsPerCall:
    """What happens is what happens one by one, told at the ends of calls."""

    @pytest.mark.parametrize(
        "flags",
        [
            {"preprocessing_name": "inception", "batch_size": 5},
            {"model": "lenet", "learning_rate": 1e-3},  # has dropout
            {"strategy": "mirrored", "num_clones": 2, "clone_on_cpu": True},
            {"precision": "float16"},
        ],
        ids=["augmented", "dropout", "mirrored", "float16"],
    )
    def test_the_same_weights(self, config, tmp_path, flags):
        one, several = (
            trainer.train(
                config(
                    **{"model": "tiny_bn", "optimizer": "momentum"} | flags,
                    max_number_of_steps=7,
                    steps_per_call=steps,
                    train_dir=str(tmp_path / f"by_{steps}"),
                ),
                silent,
            )
            for steps in (1, 3)
        )
        assert several.step == 7
        assert several.loss == pytest.approx(one.loss, rel=1e-4)
        assert_same(one.checkpoint, several.checkpoint, rtol=1e-4, atol=1e-5)

    def test_reports_wait_for_the_end_of_a_call(self, config, tmp_path, capsys):
        made = config(
            max_number_of_steps=7,
            steps_per_call=2,
            log_every_n_steps=3,
            save_interval_steps=3,
        )
        trainer.train(made, silent)
        lines = capsys.readouterr().out.splitlines()
        ends = (4, 6, 7)
        assert [line.split(":")[0] for line in lines] == [
            f"global step {step}" for step in ends
        ]
        names = sorted(path.name for path in (tmp_path / "run").glob("*.index"))
        assert names == [f"model.ckpt-{step}.index" for step in ends]

    def test_input_images_are_shown(self, config, tmp_path):
        trainer.train(config(steps_per_call=2, use_grayscale=True), silent)
        [events] = (tmp_path / "run").glob("events.*")
        tags = {
            value.tag
            for event in tf.compat.v1.train.summary_iterator(str(events))
            for value in event.summary.value
        }
        assert "input" in tags

    def test_a_loss_that_is_not_finite_names_its_step(self, config, tmp_path):
        messages = [
            refused(
                config(
                    max_number_of_steps=9,
                    learning_rate=1e38,
                    steps_per_call=steps,
                    train_dir=str(tmp_path / f"by_{steps}"),
                )
            )
            for steps in (1, 5)
        ]
        assert messages[0] == messages[1]
        assert " at step 2; lower --learning_rate" in messages[0]

    def test_a_signal_stops_after_the_call(self, config, monkeypatch):
        monkeypatch.setattr(
            progress.TrainingProgress,
            "step",
            lambda self, count: os.kill(os.getpid(), signal.SIGTERM),
        )
        made = config(max_number_of_steps=50, steps_per_call=4)
        outcome = trainer.train(made, silent)
        assert (outcome.step, outcome.interrupted) == (4, "SIGTERM")


class TestGoingOn:
    """Runs that start from checkpoints."""

    def test_in_two_parts_as_in_one(self, config, tmp_path):
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
            f"going on from {tmp_path}/parts/model.ckpt-3, step 3",
        ]
        assert_same(at_once.checkpoint, parts.checkpoint, rtol=1e-3, atol=1e-5)

    def test_on_another_number_of_replicas(self, config):
        trainer.train(config(model="tiny_bn"), silent)
        flags = {"strategy": "mirrored", "num_clones": 2, "model": "tiny_bn"}
        assert trainer.train(config(**flags, max_number_of_steps=3), silent).step == 3
        made = config(model="tiny_bn", max_number_of_steps=4)
        assert trainer.train(made, silent).step == 4

    def test_workers_that_do_not_share_a_train_dir(self, config):
        strategy = distribute.get_strategy("mirrored", num_clones=2)
        with strategy.scope():
            state = TrainState(config(), CLASSES)
            state.global_step.assign(7)
            starts.check_same_step(strategy, state)
            parts = strategy.experimental_local_results(state.global_step)
            parts[1].assign(0)
            with pytest.raises(errors.InputError, match="this worker begins at step 7"):
                starts.check_same_step(strategy, state)

    @pytest.mark.parametrize("steps", [2, 1])
    def test_a_finished_run_says_so(self, config, tmp_path, steps):
        done = trainer.train(config(), silent)
        before = Path(done.checkpoint + ".index").stat().st_mtime_ns
        lines = []
        outcome = trainer.train(config(max_number_of_steps=steps), lines.append)
        assert f"is already trained to step 2 of {steps}; for more steps" in lines[-1]
        assert (outcome.step, outcome.loss) == (2, None)
        assert outcome.checkpoint == done.checkpoint
        assert Path(done.checkpoint + ".index").stat().st_mtime_ns == before

    def test_another_optimizer(self, config):
        trainer.train(config(), silent)
        message = refused(config(optimizer="adam", max_number_of_steps=9))
        assert "Tiny/Conv/weights/Adam is not in it" in message
        assert "give another --train_dir" in message

    def test_another_checkpoints_weights(self, config, tmp_path):
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
            f"going on from {new.checkpoint}, step 1",
            f"--checkpoint_path={tmp_path}/run is not read: {new.checkpoint} exists"
            " already",
        ]

    def test_a_checkpoint_that_is_not_there(self, config, tmp_path):
        message = refused(config(checkpoint_path=str(tmp_path / "none")))
        assert f"no checkpoint {tmp_path}/none; give" in message


class TestStopping:
    """Runs that end before their last step."""

    @pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
    def test_a_signal_saves_and_stops(self, config, monkeypatch, name):
        with monkeypatch.context() as patch:
            patch.setattr(
                progress.TrainingProgress,
                "step",
                lambda self, count: os.kill(os.getpid(), signal.Signals[name]),
            )
            outcome = trainer.train(config(max_number_of_steps=50), silent)
        assert (outcome.step, outcome.interrupted) == (1, name)
        assert weights(outcome.checkpoint)["global_step"] == 1
        lines = []
        assert trainer.train(config(), lines.append).step == 2
        assert lines == [f"going on from {outcome.checkpoint}, step 1"]

    def test_a_signal_in_the_last_step_interrupts_nothing(self, config, monkeypatch):
        monkeypatch.setattr(
            progress.TrainingProgress,
            "step",
            lambda self, count: os.kill(os.getpid(), signal.SIGTERM),
        )
        outcome = trainer.train(config(max_number_of_steps=1), silent)
        assert (outcome.step, outcome.interrupted) == (1, None)

    def test_a_loss_that_is_not_finite_keeps_the_last_good_checkpoint(
        self, config, tmp_path
    ):
        good = trainer.train(config(max_number_of_steps=2), silent).checkpoint
        message = refused(config(max_number_of_steps=9, learning_rate=1e38))
        assert message.startswith("the loss became ")
        assert " at step 4; lower --learning_rate" in message
        assert message.endswith(f"The last good checkpoint is {good}")
        assert checkpoints.find(tmp_path / "run") == good
        assert trainer.train(config(max_number_of_steps=3), silent).step == 3

    def test_a_checkpoint_that_gave_such_a_loss_is_not_called_good(self, config):
        run = config(max_number_of_steps=9, learning_rate=1e38, save_interval_steps=1)
        message = refused(run)
        kept = checkpoints.find(run.run.train_dir)
        assert f" at step {checkpoints.get_step(kept) + 1}; lower" in message
        assert f"{kept} holds the weights that gave it: delete it" in message

    def test_gradients_that_no_loss_scale_makes_finite(self, config, monkeypatch):
        monkeypatch.setattr(loss_scale, "LEAST", 2.0**15 + 1)
        message = refused(config(precision="float16"))
        assert message == (
            "the gradients are not finite at step 1, however small the loss scale; give"
            " --precision=float32"
        )

    def test_without_a_checkpoint_it_says_so(self, config):
        message = refused(config(max_number_of_steps=9, learning_rate=1e38))
        assert message.endswith("The last good checkpoint is none: none was due")

    def test_weights_that_are_not_finite_are_not_saved(self, config, tmp_path):
        message = refused(config(max_number_of_steps=1, learning_rate=math.inf))
        assert "is not finite after step 1, so no checkpoint is written" in message
        assert checkpoints.find(tmp_path / "run") is None


@pytest.fixture
def broken_data(tmp_path):
    """Returns a maker of datasets with one record that is not as the others."""

    def make(label: int = 0, encoded: bytes | None = None) -> Path:
        folder = tmp_path / "data"
        folder.mkdir()
        metadata.write_labels(folder, ("a", "b", "c"))
        png = tf.io.encode_png(np.zeros([8, 8, 3], np.uint8)).numpy()
        with tf.io.TFRecordWriter(str(folder / "toy_train.tfrecord")) as writer:
            for _ in range(5):
                writer.write(tfrecord.make_example(png, "png", 1, 8, 8))
            broken = png if encoded is None else encoded
            writer.write(tfrecord.make_example(broken, "png", label, 8, 8))
        return folder

    return make


class TestBadInput:
    """One line, and nothing lost."""

    @pytest.mark.parametrize("label", [3, -1])
    def test_a_label_outside_the_classes(self, config, broken_data, label):
        folder = broken_data(label=label)
        message = refused(config(dataset_dir=str(folder)))
        assert message == (
            f"{folder}/toy_train.tfrecord, record 5 (the first is 0): label {label} is"
            " outside the 3 classes 0 to 2"
        )

    def test_a_label_below_the_offset(self, config, broken_data):
        message = refused(config(dataset_dir=str(broken_data()), labels_offset=1))
        assert "record 5 (the first is 0): label 0 is outside" in message

    @pytest.mark.parametrize("strategy", ["none", "mirrored"])
    def test_an_image_that_does_not_decode(self, config, broken_data, strategy):
        folder = broken_data(encoded=b"\x89PNG\r\n\x1a\nand no more")
        clones = 2 if strategy == "mirrored" else 0
        message = refused(
            config(dataset_dir=str(folder), strategy=strategy, num_clones=clones)
        )
        assert f"{folder}/toy_train.tfrecord, record 5 (the first is 0): " in message
        assert "the png image does not decode" in message

    def test_a_file_that_is_cut_off(self, config, broken_data):
        path = broken_data() / "toy_train.tfrecord"
        path.write_bytes(path.read_bytes()[:-20])
        message = refused(config(dataset_dir=str(path.parent)))
        assert f"{path} is cut off in record 5 (the first is 0)" in message

    def test_a_record_that_is_damaged(self, config, broken_data):
        path = broken_data() / "toy_train.tfrecord"
        content = bytearray(path.read_bytes())
        content[-30] ^= 0xFF
        path.write_bytes(content)
        message = refused(config(dataset_dir=str(path.parent)))
        assert f"{path}, record 5 (the first is 0): its checksum is wrong" in message

    def test_the_last_checkpoint_survives_bad_data(self, config, broken_data, tmp_path):
        good = trainer.train(config(), silent).checkpoint
        made = config(dataset_dir=str(broken_data(label=9)), max_number_of_steps=9)
        refused(made)
        assert checkpoints.find(tmp_path / "run") == good

    def test_a_train_dir_that_is_a_file(self, config, tmp_path):
        (tmp_path / "file").touch()
        for name in ("file", "file/run"):
            message = refused(config(train_dir=str(tmp_path / name)))
            assert f"cannot write to --train_dir={tmp_path}/{name}: " in message

    def test_a_train_dir_that_cannot_be_written(self, config, tmp_path, monkeypatch):
        def forbidden(dir):
            raise PermissionError(13, "Permission denied", dir)

        # chmod does not keep root from writing, and tests may run as root.
        monkeypatch.setattr(atomic_files.tempfile, "TemporaryFile", forbidden)
        message = refused(config(train_dir=str(tmp_path)))
        assert message == f"cannot write to --train_dir={tmp_path}: Permission denied"

    @pytest.mark.parametrize(
        ("flags", "message"),
        [
            ({"model": ""}, "no network named; give --model"),
            ({"train_dir": ""}, "--train_dir is empty"),
            ({"model": "tinyy"}, "unknown network 'tinyy'; did you mean tiny"),
            ({"num_epochs": 1.0}, "--max_number_of_steps and --num_epochs both say"),
            ({"steps_per_call": 0}, "--steps_per_call=0 must be at least 1"),
            ({"batch_size": 0}, "--batch_size=0 must be at least 1"),
            ({"max_number_of_steps": 0}, "--max_number_of_steps=0 must be at least 1"),
            (
                {"max_number_of_steps": None, "num_epochs": 0.0},
                "--num_epochs=0.0 must be above 0 and below inf",
            ),
            ({"max_checkpoints_to_keep": -1}, "--max_checkpoints_to_keep=-1 must be"),
            ({"learning_rate": -0.1}, "--learning_rate=-0.1 must be at least 0"),
            ({"label_smoothing": 1.0}, "--label_smoothing=1.0 must be at least 0 and"),
            ({"moving_average_decay": 1.0}, "--moving_average_decay=1.0 must be at"),
            ({"checkpoint_exclude_scopes": ("a",)}, "--checkpoint_exclude_scopes says"),
            ({"trainable_scopes": ("Big",)}, "unknown trainable scope 'Big'"),
            ({"labels_offset": 3}, "labels_offset is 3; it has to be from -1 to 2"),
            ({"preprocessing_name": "vggg"}, "unknown preprocessing 'vggg'; did you"),
            ({"dataset_split_name": "tran"}, "'tran'; did you mean train"),
            ({"dataset_dir": "/nowhere"}, "no folder /nowhere; give the output folder"),
            ({"num_clones": 2}, "--num_clones=2 needs --strategy=mirrored"),
            (
                {"strategy": "mirrored", "num_clones": 2, "batch_size": 5},
                "--batch_size=5 cannot be divided among 2 replicas",
            ),
            (
                {"learning_rate_decay_type": "cosine", "max_number_of_steps": None},
                "--learning_rate_decay_type=cosine needs an end",
            ),
            ({"learning_rate_decay_type": "fix"}, "unknown learning_rate_decay_type"),
            ({"optimizer": "adm"}, "unknown optimizer 'adm'; did you mean adam"),
            ({"adam_beta1": 1.0}, "--adam_beta1=1.0 must be at least 0 and below 1"),
            ({"precision": "float8"}, "unknown precision 'float8'; did you mean"),
        ],
    )
    def test_settings_that_cannot_be_meant(self, config, tmp_path, flags, message):
        assert message in refused(config(**flags))
        assert not list(tmp_path.glob("run/model.ckpt*"))
