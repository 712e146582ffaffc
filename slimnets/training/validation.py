"""Validation inside training: the held-out split, scored every so often.

A checkpoint is saved first and scored as `slimnets eval` would score it: every image
once, with the moving averages, batch norm folded, in float32, rounded where training
rounds.
"""

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files, run_settings
from slimnets.config import dataclass_flags, durations
from slimnets.config.inference import (
    EvalConfig,
    InferenceConfig,
    TrainedNetworkConfig,
)
from slimnets.config.train import TrainConfig
from slimnets.datasets.registry import Dataset
from slimnets.distribution import strategies, workers
from slimnets.inference import defaults, metrics, multi_label_metrics
from slimnets.inference.evaluation import Evaluation
from slimnets.inference.evaluator import Evaluator
from slimnets.monitoring import curves
from slimnets.training import schedules
from slimnets.training.history import History, Line

BEST = "best"  # the folder of the best checkpoint, inside train_dir

_PLATEAU = ("best_metric", "plateau_patience", "plateau_factor")


class Validation:
    """Evaluates a run's checkpoints, keeps the best, and says when to stop."""

    def __init__(
        self,
        config: TrainConfig,
        strategy: tf.distribute.Strategy,
        num_examples: int,
        last_step: int | None,
        resumed: int,
        log: Callable[[str], None],
        own: Dataset | None = None,
    ):
        """Finds the split, and the evaluations of the run so far.

        Args:
          config: all settings, with evaluations.
          strategy: of the run.
          num_examples: of the training split, an epoch.
          last_step: at which the run ends, or None.
          resumed: the step from which the run goes on.
          log: gets a line for each evaluation.
          own: the dataset to evaluate on; None finds the one of the settings.

        Raises:
          InputError: no split is held out, or metrics.jsonl cannot be understood.
        """
        self._settings, self._strategy = config.validation, strategy
        self._train_dir = Path(config.run.train_dir)
        self._steps_per_epoch = num_examples / config.data.known_batch_size
        self._every = _count_steps(config, num_examples)
        self._last_step, self._log = last_step, log
        rates, batch_size = config.learning_rate, config.data.known_batch_size
        scale = schedules.compute_rate_scale(rates, batch_size)
        self._rate, self._end_rate = (
            scale * rates.learning_rate,
            rates.end_learning_rate,
        )
        if config.validation.plot:
            curves.require()
        evaluated = _make_eval_config(config)
        dataset = own or defaults.find_dataset(
            evaluated.trained,
            log,
            skips=config.reading.skips,
            max_pixels=config.reading.max_pixels,
        )
        self._evaluator = Evaluator(evaluated, strategy, log, dataset)
        self._metric = _choose_metric(config.validation.best_metric, dataset)
        self._history = History(self._train_dir, self._metric, resumed)
        if rates.learning_rate_decay_type == "plateau" and self._history.lines:
            self._tell_other_schedule(dataset)
        if strategies.is_chief(strategy):
            self._require_best(resumed)
        self._meeting = workers.Agreement(strategy)

    def is_due(self, step: int) -> bool:
        """Returns whether a step, of which there is a checkpoint, is to be scored."""
        at_step = step > 0 and (step % self._every == 0 or step == self._last_step)
        return at_step and not self._history.knows(step)

    def count_steps_to_next(self, step: int) -> int:
        """Returns how many steps after one the next is to be scored."""
        return self._every - step % self._every

    def evaluate(
        self, checkpoint: str, train_loss: float | None, learning_rate: float | None
    ) -> None:
        """Scores a checkpoint and writes what follows; workers call it together.

        Args:
          checkpoint: of train_dir, just saved by the chief.
          train_loss: mean since the last evaluation, for the line.
          learning_rate: of the last step, for the line.

        Raises:
          InputError: the split has broken images, or nothing can be written.
        """
        self._meeting.meet()  # the checkpoint is there for all from here on
        evaluation = self._evaluator.score(self._evaluator.restore(checkpoint))
        step = checkpoints.get_step(checkpoint)
        line = Line(
            step=step,
            epoch=round(step / self._steps_per_epoch, 4),
            split=evaluation.dataset.split,
            num_examples=evaluation.summary.num_examples,
            metrics=evaluation.summary.list_scalars(),
            train_loss=train_loss,
            learning_rate=learning_rate,
            moving_averages=evaluation.report.averaged,
            seconds=round(evaluation.seconds, 3),
        )
        self._add(line, checkpoint)
        self._tell(line, evaluation)

    @property
    def best(self) -> Line | None:
        """The best evaluation so far."""
        return self._history.best

    @property
    def best_folder(self) -> Path:
        """Where the best checkpoint is kept."""
        return self._train_dir / BEST

    @property
    def has_stopped(self) -> bool:
        """Whether --early_stopping_patience ends the run here."""
        patience = self._settings.early_stopping_patience
        return 0 < patience <= self._history.count_since_best()

    def compute_rate_factor(self) -> float:
        """Returns by what the plateau schedule multiplies the learning rate now."""
        settings = self._settings
        factor = self._history.compute_plateau_factor(
            settings.plateau_patience, settings.plateau_factor
        )
        least = min(1.0, self._end_rate / self._rate) if self._rate else 1.0
        return max(factor, least)

    def _tell_other_schedule(self, dataset: Dataset) -> None:
        """Says so where another plateau schedule is now taken of the same lines."""
        before = run_settings.read_flags(str(self._history.path)) or {}
        now = dataclass_flags.to_dict(self._settings)
        was = {name: before.get(name, now[name]) for name in _PLATEAU}
        was["best_metric"] = _choose_metric(was["best_metric"], dataset)
        now["best_metric"] = self._metric
        changes = [
            f"--{name}={now[name]}, before {was[name]}"
            for name in _PLATEAU
            if now[name] != was[name]
        ]
        if changes:
            self._log(
                f"{'; '.join(changes)}: the plateau schedule is taken anew from all"
                f" {len(self._history.lines)} evaluations so far, and multiplies the"
                f" learning rate by {self.compute_rate_factor():g} now"
            )

    def _require_best(self, resumed: int) -> None:
        """Sees to it that best/ has the checkpoint that the lines call the best.

        It may have another one: --best_metric was another, or lines are of lost steps.
        """
        best, kept = self.best, checkpoints.find(self.best_folder)
        kept_step = checkpoints.get_step(kept) if kept else None
        if best is None or kept_step == best.step:
            return
        chosen = str(self._train_dir / f"{checkpoints.BASENAME}-{best.step}")
        if checkpoints.exists(chosen):
            self._keep(chosen)
            self._log(f"the best {self._metric} is that of {chosen}: copied to {BEST}/")
        elif kept_step != resumed or not self.is_due(resumed):  # else killed in between
            raise errors.InputError(
                f"the best {self._metric} is that of step {best.step}, whose checkpoint"
                f" is neither in {self._train_dir} nor in {BEST}/ there; give the"
                f" --best_metric of before, or remove {self._history.path} to go on"
                " without the evaluations so far"
            )

    def _keep(self, checkpoint: str) -> None:
        """Puts a checkpoint into best/, with the settings of the run."""
        checkpoints.copy(checkpoint, self.best_folder)
        settings = (self._train_dir / run_settings.FILE).read_bytes()
        with _name_unwritable():
            atomic_files.write_bytes(self.best_folder / run_settings.FILE, settings)

    def _add(self, line: Line, checkpoint: str) -> None:
        """Writes a line, and before it what the line tells of."""
        is_chief = strategies.is_chief(self._strategy)
        # A kill behind the copy leaves the step unknown: it is evaluated once more.
        if is_chief and self._history.is_best(line):
            self._keep(checkpoint)
        with _name_unwritable():
            self._history.add(line, is_chief)
            if is_chief and self._settings.plot:
                self._draw()

    def _tell(self, line: Line, evaluation: Evaluation) -> None:
        summary, metric = evaluation.summary, self._metric
        is_best = self.best is line
        self._log(
            f"step {line.step}, epoch {line.epoch:.2f}: {line.split}"
            f" {summary.format_totals()} in {line.seconds:.1f} s"
            + (f"; the best {metric} so far" if is_best else "")
        )
        if evaluation.fault:
            self._log(f"warning: {evaluation.fault}")
        told = evaluation.dataset.left_out  # when the photos were found
        for left_out in evaluation.left_out[len(told) :]:
            self._log(f"left out of {line.split}: {left_out}")

    def _draw(self) -> None:
        lines = self._history.lines
        names = [name for name in lines[0].metrics if name != "loss"]
        panels: dict[str, dict[str, curves.Curve]] = {
            "loss": {
                "train": [(line.step, line.train_loss) for line in lines],
                lines[0].split: [(line.step, line.metrics["loss"]) for line in lines],
            },
            "share": {
                f"{lines[0].split} {name}": [
                    (line.step, line.metrics[name]) for line in lines
                ]
                for name in names
            },
            "learning rate": {
                "learning rate": [(line.step, line.learning_rate) for line in lines]
            },
        }
        best = self.best.step if self.best else None
        curves.draw(self._train_dir / curves.FILE, panels, best)


@contextlib.contextmanager
def _name_unwritable() -> Iterator[None]:
    """Makes one line of a file that cannot be written."""
    try:
        yield
    except OSError as error:
        raise errors.InputError(
            f"cannot write {error.filename}: {error.strerror}; the checkpoints are"
            " still there"
        ) from error


def _choose_metric(named: str, dataset: Dataset) -> str:
    """Returns what tells the best checkpoint on a split."""
    module = multi_label_metrics if dataset.multi_label else metrics
    if named == "auto":
        return module.SCALARS[0]
    if named not in module.SCALARS:
        raise errors.InputError(
            f"--best_metric={named}: the evaluation of {dataset.name} has"
            f" {', '.join(module.SCALARS)}"
        )
    return named


def _count_steps(config: TrainConfig, num_examples: int) -> int:
    """Returns the steps from one evaluation to the next: whole calls of TensorFlow."""
    every = durations.count_steps(
        config.validation.eval_every, num_examples, config.data.known_batch_size
    )
    calls = math.ceil(every / config.run.steps_per_call)
    return max(calls, 1) * config.run.steps_per_call


def _make_eval_config(config: TrainConfig) -> EvalConfig:
    """Returns the evaluation of train_dir's checkpoints on the held-out split.

    What the network is and how its images are prepared stands in settings.json.
    """
    trained = TrainedNetworkConfig(
        checkpoint_path=config.run.train_dir,
        dataset_dir=config.data.dataset_dir,
        dataset_name=config.data.dataset_name,
        dataset_split_name=config.validation.eval_split_name,
        upright=config.data.upright,
    )
    return EvalConfig(
        trained=trained,
        reading=config.reading,
        devices=config.devices,
        inference=InferenceConfig(quantize=config.quantization.is_on),
    )
