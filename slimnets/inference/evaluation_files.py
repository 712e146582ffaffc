"""The files of single images that an evaluation writes where it is asked to."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.config.inference import EvalConfig
from slimnets.inference import (
    class_map_file,
    evaluation_report,
    predictions_file,
    true_labels,
)
from slimnets.inference.evaluation import Evaluation
from slimnets.inference.outcomes import Collector
from slimnets.report import evaluation_page


def check(config: EvalConfig) -> None:
    """Checks before the work which files are asked for.

    Raises:
      InputError: a file is of a wrong kind, or several checkpoints would write it.
    """
    for name in _list_files(config):
        if config.eval_interval_secs:
            raise errors.InputError(
                f"--{name} with --eval_interval_secs: each checkpoint's file would"
                " replace the one before; leave one of the two out"
            )
    class_map_file.check(config)
    if config.true_labels:
        true_labels.read(config.true_labels)
    if config.files.predictions:
        predictions_file.check(config.files.predictions)
    if config.files.report:
        evaluation_report.check(config.files.report)


def require_writable(config: EvalConfig) -> None:
    """Raises an InputError before the work if a file is in no folder to write to."""
    for name, path in _list_files(config).items():
        _require_writable(name, Path(path))


def make_collector(
    config: EvalConfig,
    activation: Callable[[tf.Tensor], tf.Tensor],
    num_classes: int,
    several_labels: bool,
) -> Collector | None:
    """Returns what keeps the files' outcomes; None where no file is wanted.

    Args:
      config: all settings.
      activation: what makes probabilities of logits.
      num_classes: that are scored.
      several_labels: whether an image may have several, whose file has all classes.
    """
    if not _list_files(config):
        return Collector(1, activation) if config.true_labels else None
    has_curves = config.files.report and num_classes <= evaluation_page.MOST_CURVES
    keeps_all = several_labels or has_curves
    least = evaluation_page.TOP if config.files.report else 1
    k = num_classes if keeps_all else max(config.files.top, least)
    return Collector(k, activation)


def write(evaluation: Evaluation, config: EvalConfig) -> Evaluation:
    """Writes the files; where that fails, says so in what it returns."""
    files, outcomes = config.files, evaluation.outcomes
    if outcomes is None:
        return evaluation
    faults = [evaluation.fault] if evaluation.fault else []
    try:
        if files.predictions:
            names = evaluation.class_names
            predictions_file.write(files.predictions, outcomes, names, files.top)
        if files.report:
            evaluation_report.write(files.report, evaluation, outcomes, config)
    except OSError as error:
        faults.append(f"cannot write {error.filename}: {error.strerror}")
    except errors.InputError as error:  # of what the report shows beside the result
        faults.append(str(error))
    return dataclasses.replace(evaluation, fault="; ".join(faults))


def _list_files(config: EvalConfig) -> dict[str, str]:
    """Returns the path of each file that is wanted, by its flag."""
    paths = {"predictions": config.files.predictions, "report": config.files.report}
    return {name: path for name, path in paths.items() if path}


def _require_writable(name: str, path: Path) -> None:
    if path.is_dir():
        raise errors.InputError(f"--{name}={path} is a folder; name a file in it")
    try:
        atomic_files.make_writable(path.parent)
    except OSError as error:
        raise errors.InputError(
            f"--{name}={path} cannot be written: {error.strerror}; name a file in"
            " another folder"
        ) from error
