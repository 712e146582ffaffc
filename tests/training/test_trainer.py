"""Training: what a step changes, and a run from its first step to its last."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets.checkpoints import run_settings
from slimnets.config import dataclass_flags
from slimnets.datasets import registry as datasets
from slimnets.datasets import tfrecord
from slimnets.nets import registry
from slimnets.training import timers, trainer
from tests.tiny_runs import EXAMPLES, assert_same, changed, silent, weights


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
        held = weights(outcome.checkpoint)
        assert (held["current_loss_scale"], held["good_steps"]) == (2**15, 1)

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
