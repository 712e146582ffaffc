"""The files of single images that an evaluation writes where it is asked to."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.config.inference import EvalConfig
from slimnets.inference import predictions_file
from slimnets.inference.evaluation import Evaluation
from slimnets.inference.outcomes import Collector


def check(config: EvalConfig) -> None:
    """Checks before the work that the files can be written.

    Raises:
      InputError: a file is of a wrong kind or in no folder to write to, or several
        checkpoints or workers would write it.
    """
    for name, path in _list_files(config).items():
        if config.eval_interval_secs:
            raise errors.InputError(
                f"--{name} with --eval_interval_secs: each checkpoint's file would"
                " replace the one before; leave one of the two out"
            )
        if config.devices.has_workers:
            raise errors.InputError(
                f"--{name} with --strategy=multi_worker: each worker sees its own share"
                " of the images; leave one of the two out"
            )
        _require_writable(name, Path(path))
    if config.files.predictions:
        predictions_file.check(config.files.predictions)


def make_collector(
    config: EvalConfig, activation: Callable[[tf.Tensor], tf.Tensor], num_classes: int
) -> Collector | None:
    """Returns what keeps the files' outcomes; None where no file is wanted.

    Args:
      config: all settings.
      activation: what makes probabilities of logits.
      num_classes: to keep of an image that may have several labels; 0 of others.
    """
    if not _list_files(config):
        return None
    return Collector(num_classes or config.files.top, activation)


def write(evaluation: Evaluation, config: EvalConfig) -> Evaluation:
    """Writes the files; where that fails, says so in what it returns."""
    outcomes, path = evaluation.outcomes, config.files.predictions
    if outcomes is None or path is None:
        return evaluation
    try:
        predictions_file.write(path, outcomes, evaluation.class_names, config.files.top)
    except OSError as error:
        fault = f"cannot write {path}: {error.strerror}"
        faults = filter(None, (evaluation.fault, fault))
        return dataclasses.replace(evaluation, fault="; ".join(faults))
    return evaluation


def _list_files(config: EvalConfig) -> dict[str, str]:
    """Returns the path of each file that is wanted, by its flag."""
    paths = {"predictions": config.files.predictions}
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
