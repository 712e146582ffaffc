"""Exact evaluation of checkpoints: every example once, whatever the batch size."""

import dataclasses
import time
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig
from slimnets.datasets.registry import Dataset
from slimnets.distribution import strategies, workers
from slimnets.inference import (
    class_map,
    evaluation_files,
    evaluation_setup,
    gathering,
    label_offset,
    true_labels,
)
from slimnets.inference.defaults import (
    choose_folder,
    find_weights,
)
from slimnets.inference.evaluation import Evaluation
from slimnets.inference.outcomes import Collector
from slimnets.inference.scoring import Setup, score_split


def evaluate(
    config: EvalConfig,
    log: Callable[[str], None] = print,
    dataset: Dataset | None = None,
) -> Iterator[Evaluation]:
    """Evaluates a checkpoint, or each new one of a folder as it appears.

    Several workers each score their share of the images; all get the result of the
    whole, and the chief writes it.

    Args:
      config: all settings.
      log: gets the lines that tell what is evaluated.
      dataset: of one's own, see `datasets.elements`; None takes what --dataset_dir
        names.

    Yields:
      The result for each checkpoint, after it was written to the eval_dir.

    Raises:
      InputError: a setting or an input is at fault.
    """
    _check(config)
    strategy = strategies.get_strategy(config.devices)
    with workers.name_the_lost(strategy, "Start all workers again"):
        if strategies.is_chief(strategy):  # which alone writes files
            evaluation_files.require_writable(config)
        yield from _evaluate_each(config, strategy, log, dataset)


def measure(
    config: EvalConfig, log: Callable[[str], None] = print, most_classes: int = 0
) -> Evaluation:
    """Scores one checkpoint, the latest of a folder, and writes nothing.

    Args:
      config: all settings.
      log: gets the lines that tell what is evaluated.
      most_classes: as of `Evaluator.measure`.

    Raises:
      InputError: a setting or an input is at fault.
    """
    _check(config)
    strategy = strategies.get_strategy(config.devices)
    trained = find_weights(config.trained, log)
    config = dataclasses.replace(config, trained=trained)
    evaluator = Evaluator(config, strategy, log)
    report = evaluator.restore(checkpoints.require(trained.checkpoint_path, log))
    log(str(report))
    return evaluator.measure(report, most_classes)


def _evaluate_each(
    config: EvalConfig,
    strategy: tf.distribute.Strategy,
    log: Callable[[str], None],
    dataset: Dataset | None,
) -> Iterator[Evaluation]:
    trained = find_weights(config.trained, log)
    config = dataclasses.replace(config, trained=trained)
    evaluator = Evaluator(config, strategy, log, dataset)
    most = config.max_evals if config.eval_interval_secs else 1
    count = 0
    for checkpoint in checkpoints.iterate(
        trained.checkpoint_path, config.eval_interval_secs, config.timeout, log
    ):
        try:
            report = evaluator.restore(checkpoint)
            log(str(report))
            evaluation = evaluator.score(report)
        except errors.InputError:
            if checkpoints.exists(checkpoint):
                raise
            # A training beside this keeps the newest ones alone.
            log(f"{checkpoint} was removed before it could be read; taking the next")
            continue
        yield evaluation
        count += 1
        if count == most:
            return


class Evaluator:
    """Evaluates the checkpoints of one network, which it builds once."""

    def __init__(
        self,
        config: EvalConfig,
        strategy: tf.distribute.Strategy,
        log: Callable[[str], None],
        dataset: Dataset | None = None,
    ):
        """Builds nothing yet: the first checkpoint tells what.

        Args:
          config: all settings; its checkpoint_path is not read.
          strategy: over the devices that share the work; in no strategy's scope.
          log: gets the lines that tell what is evaluated.
          dataset: to score; None takes what the settings name.
        """
        self._config, self._strategy, self._log = config, strategy, log
        self._dataset = dataset
        self._setup: Setup | None = None

    def restore(self, checkpoint: str) -> checkpoints.RestoreReport:
        """Reads a checkpoint's weights; several workers have to call this together.

        Raises:
          InputError: the checkpoint or the dataset is at fault.
        """
        report = self._get_setup(checkpoint).predictor.restore(checkpoint)
        _require_same_step(self._strategy, checkpoint)
        return report

    def score(self, report: checkpoints.RestoreReport) -> Evaluation:
        """Scores a checkpoint on the whole split, and writes the result.

        Args:
          report: as `restore` returned it; several workers have to call this together.

        Raises:
          InputError: the dataset is at fault.
        """
        setup, config = self._get_setup(report.path), self._config
        collector = evaluation_files.make_collector(
            config,
            _choose_scored_activation(setup, report.path),
            setup.num_classes,
            setup.dataset.multi_label,
        )
        evaluation = _measure(setup, config, report, collector, self._log)
        return _write(evaluation, setup, config, self._log)

    def measure(
        self, report: checkpoints.RestoreReport, most_classes: int = 0
    ) -> Evaluation:
        """Scores a checkpoint on the whole split, and writes nothing.

        Args:
          report: as of `score`.
          most_classes: most probable ones to keep of each image; 0 keeps no outcomes.

        Raises:
          InputError: the dataset is at fault.
        """
        setup = self._get_setup(report.path)
        collector = None
        if self._config.true_labels:
            most_classes = max(most_classes, 1)
        if most_classes:
            activation = _choose_scored_activation(setup, report.path)
            collector = Collector(most_classes, activation)
        return _measure(setup, self._config, report, collector, self._log)

    def _get_setup(self, checkpoint: str) -> Setup:
        if self._setup is None:
            self._setup = evaluation_setup.set_up(
                self._config, self._strategy, checkpoint, self._log, own=self._dataset
            )
        return self._setup


def _check(config: EvalConfig) -> None:
    dataclass_flags.check(config)
    if not config.eval_interval_secs and (config.timeout or config.max_evals):
        raise errors.InputError(
            "--timeout and --max_evals say when to stop waiting for new checkpoints;"
            " give --eval_interval_secs too"
        )
    if config.eval_interval_secs and config.devices.has_workers:
        raise errors.InputError(
            "--eval_interval_secs with --strategy=multi_worker: each worker would find"
            " its own checkpoints; leave one of the two out"
        )
    if config.devices.strategy in ("tpu", "parameter_server"):
        raise errors.InputError(
            f"--strategy={config.devices.strategy} is for training; evaluation runs on"
            " CPUs and GPUs: leave it out, or give mirrored or multi_worker"
        )
    if config.inference.runtime != "tensorflow" and config.devices.strategy != "none":
        raise errors.InputError(
            f"--runtime={config.inference.runtime} runs on one device; leave"
            f" --strategy={config.devices.strategy} out"
        )
    evaluation_files.check(config)


def _measure(
    setup: Setup,
    config: EvalConfig,
    report: checkpoints.RestoreReport,
    collector: Collector | None,
    log: Callable[[str], None],
) -> Evaluation:
    run = setup.predictor.prepare(setup.logits, setup.batch_size)
    began = time.monotonic()
    summary, left_out = score_split(setup, run, collector)
    names = label_offset.list_class_names(setup.dataset.class_names, setup.offset)
    outcomes = None
    if collector:
        outcomes = gathering.gather(collector, setup.strategy, left_out)
    lost = setup.class_map.count_lost(summary.count) if setup.class_map else 0
    if lost:
        log(class_map.describe_lost(lost))
    truth = None
    if outcomes and config.true_labels:
        truth = true_labels.score(config.true_labels, outcomes, names)
    return Evaluation(
        report=report,
        dataset=setup.dataset,
        summary=summary,
        class_names=names,
        seconds=time.monotonic() - began,
        eval_dir=None,
        left_out=(*setup.dataset.left_out, *left_out.values()),
        views=config.views.test_time_augmentation,
        outcomes=outcomes,
        truth=truth,
        class_map=setup.class_map,
    )


def _write(
    evaluation: Evaluation,
    setup: Setup,
    config: EvalConfig,
    log: Callable[[str], None],
) -> Evaluation:
    """Writes the files and the results; workers other than the chief write nothing."""
    if not strategies.is_chief(setup.strategy):
        return evaluation
    evaluation = evaluation_files.write(evaluation, config)
    folder = choose_folder(config, evaluation.report.path, setup.dataset.split)
    if folder is None:
        log(
            "no results are written beside published weights; --eval_dir names a folder"
        )
        return evaluation
    evaluation = dataclasses.replace(evaluation, eval_dir=folder)
    return evaluation.write(bool(config.eval_dir), log)


def _choose_scored_activation(
    setup: Setup, checkpoint: str
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns what makes probabilities of what is scored: a map gives logarithms."""
    if setup.class_map:
        return tf.exp
    return evaluation_setup.choose_activation(setup.dataset, checkpoint)


def _require_same_step(strategy: tf.distribute.Strategy, checkpoint: str) -> None:
    """Raises an InputError if the workers found different checkpoints."""
    step = checkpoints.get_step(checkpoint)
    _, count = workers.get_share(strategy)
    [total] = workers.sum_over(strategy, np.array(step))
    if total != step * count:
        raise errors.InputError(
            f"this worker found {checkpoint}, another one that of another step; give"
            " the path of a checkpoint, on a file system that all workers share"
        )
