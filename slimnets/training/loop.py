"""The loop around the training step: its log, summaries, checkpoints and end."""

import dataclasses
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.config import durations
from slimnets.config.durations import Duration
from slimnets.config.train import TrainConfig
from slimnets.distribution import strategies
from slimnets.distribution.workers import Agreement
from slimnets.monitoring.progress import TrainingProgress
from slimnets.monitoring.summaries import Summaries
from slimnets.training import loss_scale
from slimnets.training.history import Line
from slimnets.training.interruption import Interruption
from slimnets.training.state import TrainState
from slimnets.training.step import StepResult, TrainStep
from slimnets.training.timers import DataWait, Interval, Mean, Throughput
from slimnets.training.validation import Validation


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a run left.

    Attributes:
      step: the last step done.
      checkpoint: its path.
      seconds: spent training.
      loss: of the last step; None where nothing was left to train.
      interrupted: the name of the signal that ended the run early, or None.
      best: the best evaluation, where there were any.
      best_checkpoint: the folder that has its checkpoint.
      stopped_early: whether evaluations that were no better ended the run.
      left_out: a line for each photo or record that was not trained on.
    """

    step: int
    checkpoint: str
    seconds: float
    loss: float | None
    interrupted: str | None = None
    best: Line | None = None
    best_checkpoint: str | None = None
    stopped_early: bool = False
    left_out: tuple[str, ...] = ()


class Loop:
    """Takes steps until the last one, a signal, or a loss that is not finite."""

    def __init__(
        self,
        config: TrainConfig,
        strategy: tf.distribute.Strategy,
        state: TrainState,
        train_step: TrainStep,
        num_examples: int,
        last_step: int | None,
        validation: Validation | None,
        steps_per_call: int = 1,
    ):
        """Starts the clocks.

        Args:
          config: all settings.
          strategy: in whose scope the state was made.
          state: what a step changes.
          train_step: takes one or several steps, as `make_step` returns it.
          num_examples: in an epoch.
          last_step: at which to end; None trains until stopped.
          validation: which scores checkpoints and may end the run early; None: nothing.
          steps_per_call: the most that `train_step` takes at a time.
        """
        run, step = config.run, state.step
        self._run, self._strategy = run, strategy
        self._state, self._train_step = state, train_step
        self._step, self._last_step = step, last_step
        self._steps_per_call = steps_per_call
        self._is_chief = strategies.is_chief(strategy)
        self._agreement = Agreement(strategy)
        self._validation, self._since_validation = validation, Mean()

        def count(duration: Duration) -> int:
            batch_size = config.data.known_batch_size
            return durations.count_steps(duration, num_examples, batch_size)

        self._log_due = Interval(step, steps=count(run.log_every_n_steps))
        # Where there are servers of parameters, no image comes to this process.
        sees_images = not config.devices.has_servers
        self._images_due = Interval(
            step, secs=run.save_summaries_secs * sees_images, at_once=sees_images
        )
        self._checkpoint_due = Interval(
            step, steps=count(run.save_interval_steps), secs=run.save_interval_secs
        )
        self._throughput = Throughput(step, config.data.known_batch_size)
        self._progress = TrainingProgress(step, last_step)
        self._summaries = Summaries(
            run.train_dir if self._is_chief else None, self._progress.note
        )
        self._data_wait = DataWait(self._progress.note)
        self._rate: float | None = None

    def run(self, batches: Iterator[Any], interruption: Interruption) -> Outcome:
        """Trains, and saves a checkpoint of the last step.

        Args:
          batches: distributed, as many as it takes.
          interruption: by which it stops, and in which it saves undisturbed.

        Raises:
          InputError: the loss, or the gradients at any loss scale, are not finite;
            checkpoints written before are kept.
        """
        began, loss = time.monotonic(), None
        try:
            interruption.begin_loop()
            self._validate()  # where a kill came between a save and its evaluation
            while self._goes_on() and not self._is_stopped(interruption):
                loss = self._take_steps(batches)
                self._validate()
        finally:
            self._progress.close()
            self._summaries.close()
        checkpoint, validation = self._save_last(), self._validation
        self._agreement.meet()  # so that no worker names one that is not there yet
        return Outcome(
            step=self._step,
            checkpoint=checkpoint,
            seconds=time.monotonic() - began,
            loss=loss,
            interrupted=self._name_signal(interruption.by),
            best=validation.best if validation else None,
            best_checkpoint=str(validation.best_folder) if validation else None,
            stopped_early=validation is not None and validation.has_stopped,
        )

    def _is_stopped(self, interruption: Interruption) -> bool:
        """Returns whether a signal stops the run, whichever worker got it."""
        return self._agreement.asks_any(interruption.by is not None)

    def _name_signal(self, own: str | None) -> str | None:
        """Returns what ended the run early; SIGTERM stands for another worker's."""
        return (own or "SIGTERM") if self._goes_on() else None

    def _goes_on(self) -> bool:
        if self._validation is not None and self._validation.has_stopped:
            return False
        return self._last_step is None or self._step < self._last_step

    def _validate(self) -> None:
        """Saves and scores a checkpoint where that is due."""
        validation = self._validation
        if validation is None or not validation.is_due(self._step):
            return
        checkpoint = self._save_last()
        validation.evaluate(checkpoint, self._since_validation.take(), self._rate)
        self._state.scale_learning_rate(validation.compute_rate_factor())
        self._throughput.since_last(self._step)  # which does not count the evaluation

    def _take_steps(self, batches: Iterator[Any]) -> float:
        """Takes the steps of one call, reports them, returns the last one's loss."""
        count = self._steps_of_call()
        with self._data_wait.measure():
            batch = next(batches)
        result = self._train_step(batch, count)
        taken, self._step = self._state.step - self._step, self._state.step
        loss = float(result.losses.total)
        self._require_finite(loss)
        self._since_validation.add(loss)
        self._rate = float(result.learning_rate)
        self._progress.step(taken)
        if self._log_due.is_due(self._step) or self._step == self._last_step:
            self._report(loss, self._rate, result)
        if self._images_due.is_due(self._step):
            self._summaries.images(self._step, "input", self._local_images(batch))
        if self._is_chief and self._checkpoint_due.is_due(self._step):
            self._save()
        return loss

    def _steps_of_call(self) -> int:
        ends = [self._steps_per_call]
        if self._last_step is not None:
            ends.append(self._last_step - self._step)
        if self._validation is not None:
            ends.append(self._validation.count_steps_to_next(self._step))
        return min(ends)

    def _report(self, loss: float, rate: float, result: StepResult) -> None:
        images_per_second, seconds = self._throughput.since_last(self._step)
        self._progress.report(self._step, loss, images_per_second, seconds)
        parts = {f"losses/{k}": float(v) for k, v in result.losses._asdict().items()}
        scalars = {
            "total_loss": parts.pop("losses/total"),
            **parts,
            "accuracy": float(result.accuracy),
            "learning_rate": rate,
            **{name: float(scalar) for name, scalar in result.scalars.items()},
            "images_per_second": images_per_second,
            "waiting_for_data": self._data_wait.since_last(),
        }
        if self._state.loss_scale is not None:
            scalars["loss_scale"] = float(self._state.loss_scale.value)
        self._summaries.scalars(self._step, scalars)

    def _local_images(self, batch: Any) -> tf.Tensor:
        """Returns the images of a batch's first step that the first replica has."""
        images, _ = batch
        local = self._strategy.experimental_local_results(images)[0]
        return local if self._steps_per_call == 1 else local[0]

    def _save(self) -> str:
        return self._state.save(self._run.train_dir, self._run.max_checkpoints_to_keep)

    def _save_last(self) -> str:
        """Saves the last step unless that was done already; returns the path."""
        saved = checkpoints.find(self._run.train_dir)
        if self._is_chief and (
            saved is None or checkpoints.get_step(saved) != self._step
        ):
            return self._save()
        return str(Path(self._run.train_dir) / f"{checkpoints.BASENAME}-{self._step}")

    def _require_finite(self, loss: float) -> None:
        """Raises an InputError if the steps just taken leave nothing to go on from."""
        step, scale = self._state.step, self._state.loss_scale
        if not math.isfinite(loss):
            raise _describe_divergence(loss, step, self._run.train_dir)
        if scale is not None and scale.value < loss_scale.LEAST:
            raise errors.InputError(
                f"the gradients are not finite at step {step}, however small the loss"
                " scale; give --precision=float32"
            )


def _describe_divergence(loss: float, step: int, train_dir: str) -> errors.InputError:
    kept = checkpoints.find(train_dir)
    left = f"The last good checkpoint is {kept or 'none: none was due'}"
    if kept and checkpoints.get_step(kept) == step - 1:
        # The loss is that of its weights: a run resumed from it would end here again.
        left = f"{kept} has the weights that gave it: delete it to resume before it"
    return errors.InputError(
        f"the loss became {loss} at step {step}; lower --learning_rate or begin it with"
        f" --warmup_epochs. {left}"
    )
