"""The loop: several steps a call, signals, and a loss that is not finite."""

import functools
import math
import os
import signal

import pytest
import tensorflow as tf

from slimnets import checkpoints
from slimnets.monitoring import progress
from slimnets.training import loss_scale, trainer
from slimnets.training.state import TrainState
from tests.tiny_runs import assert_same, refused, silent, weights

slow = functools.partial(pytest.param, marks=pytest.mark.slow)


class TestSeveralStepsPerCall:
    """What happens is what happens one by one, told at the ends of calls."""

    @pytest.mark.parametrize(
        "flags",
        [
            {"preprocessing_name": "inception", "batch_size": 5},
            # Has dropout.
            slow({"model": "lenet", "learning_rate": 1e-3}),
            slow({"strategy": "mirrored", "num_clones": 2, "clone_on_cpu": True}),
            slow({"precision": "float16"}),
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

    @pytest.mark.usefixtures("ended_pipelines")
    @pytest.mark.parametrize("steps", [slow(1), 5])
    def test_a_loss_that_is_not_finite_names_its_step(self, config, steps):
        made = config(max_number_of_steps=9, learning_rate=1e38, steps_per_call=steps)
        assert " at step 2; lower --learning_rate" in refused(made)

    def test_a_signal_stops_after_the_call(self, config, monkeypatch):
        monkeypatch.setattr(
            progress.TrainingProgress,
            "step",
            lambda self, count: os.kill(os.getpid(), signal.SIGTERM),
        )
        made = config(max_number_of_steps=50, steps_per_call=4)
        outcome = trainer.train(made, silent)
        assert (outcome.step, outcome.interrupted) == (4, "SIGTERM")


@pytest.mark.usefixtures("ended_pipelines")
class TestStopping:
    """Runs that end before their last step."""

    def test_further_sigterms_do_not_stop_the_save(self, config, monkeypatch):
        def send(*_):
            os.kill(os.getpid(), signal.SIGTERM)

        save = TrainState.save

        def save_under_fire(self, directory, keep):
            send()
            path = save(self, directory, keep)
            send()
            return path

        monkeypatch.setattr(progress.TrainingProgress, "step", send)
        monkeypatch.setattr(TrainState, "save", save_under_fire)
        outcome = trainer.train(config(max_number_of_steps=50), silent)
        assert (outcome.step, outcome.interrupted) == (1, "SIGTERM")
        assert weights(outcome.checkpoint)["global_step"] == 1

    def test_sigterm_before_the_loop_ends_the_run(self, config, monkeypatch, tmp_path):
        def restore(*_):
            os.kill(os.getpid(), signal.SIGTERM)

        monkeypatch.setattr(trainer, "restore", restore)
        with pytest.raises(SystemExit) as ending:
            trainer.train(config(), silent)
        assert ending.value.code == 128 + signal.SIGTERM
        assert checkpoints.find(tmp_path / "run") is None

    @pytest.mark.parametrize("name", [slow("SIGTERM"), "SIGINT"])
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
        assert lines == [f"resuming from {outcome.checkpoint}, step 1"]

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
        assert f"{kept} has the weights that gave it: delete it" in message

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
