"""Settings of training that contradict each other, or a folder that is no use."""

import dataclasses
from pathlib import Path

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.config import dataclass_flags
from slimnets.config.train import RunConfig, TrainConfig
from slimnets.config.validation import ValidationConfig
from slimnets.datasets.registry import Dataset
from slimnets.preprocessing import registry as preprocessing
from slimnets.preprocessing.augmentation import Augmentation
from slimnets.training.optimization_checks import check_optimization


def check(config: TrainConfig) -> None:
    """Checks all settings before anything is built, and makes train_dir.

    Raises:
      InputError: a setting is out of its range, two contradict each other, or train_dir
        cannot be written.
    """
    dataclass_flags.check(config)
    if not config.model:
        raise errors.InputError(
            "no network named; give --model, such as --model=alexnet_v2"
        )
    fine_tuning = config.fine_tuning
    if fine_tuning.checkpoint_exclude_scopes and not fine_tuning.checkpoint_path:
        raise errors.InputError(
            "--checkpoint_exclude_scopes says what not to read from --checkpoint_path;"
            " give that too"
        )
    Augmentation(config.augmentation)  # checks what it is given
    preprocessing.add_resizing(
        config.data.preprocessing_name or config.network, config.resizing
    )
    check_optimization(config)
    _check_tpu(config)
    _check_servers(config)
    _check_run(config.run)
    _check_validation(config)


def check_own_datasets(
    config: TrainConfig, dataset: Dataset | None, held_out: Dataset | None
) -> None:
    """Checks settings beside datasets that were given from Python.

    Args:
      config: all settings.
      dataset: to train on, or None.
      held_out: to evaluate on, or None.

    Raises:
      InputError: what was given rules a setting out, or lacks the other dataset.
    """
    if dataset is None and held_out is None:
        return
    if dataset is None or (held_out is None) == config.validation.is_on:
        raise errors.InputError(
            "--eval_every evaluates on held_out, where the dataset to train on is given"
            " from Python: give both datasets with it, or the latter alone without"
        )
    if config.devices.has_servers:
        raise errors.InputError(
            "--strategy=parameter_server reads its images on the workers, where a"
            " dataset that is given from Python is not: give multi_worker, or its"
            " images by --dataset_dir"
        )
    data = config.data
    refused = {
        f"--dataset_dir={data.dataset_dir}": data.dataset_dir is not None,
        "--batch_size=auto": data.batch_size == "auto",
        "--data_service": data.data_service is not None,
        "--on_bad_record=skip": config.reading.skips,
    }
    for flag, is_given in refused.items():
        if is_given:
            raise errors.InputError(
                f"{flag} does not go with a dataset that is given from Python: leave"
                " one of the two out"
            )


def _check_tpu(config: TrainConfig) -> None:
    if config.devices.strategy != "tpu":
        return
    if config.data.batch_size == "auto":
        raise errors.InputError(
            "--batch_size=auto tries sizes on CPUs and GPUs alone; give a number with"
            " --strategy=tpu"
        )
    if config.precision == "float16":
        raise errors.InputError(
            "--precision=float16 is for GPUs; give --precision=bfloat16 with"
            " --strategy=tpu"
        )


def _check_servers(config: TrainConfig) -> None:
    """Raises an InputError for what workers that take turns cannot do."""
    if not config.devices.has_servers:
        return
    refused = {
        "--num_clones": (
            config.devices.num_clones > 1,
            "each worker has one replica: start more workers",
        ),
        "--seed": (
            config.run.seed is not None,
            "the order in which workers change the weights is never the same",
        ),
        "--steps_per_call": (
            config.run.steps_per_call > 1,
            "the chief hands out single steps",
        ),
        "--sync_batch_norm": (
            config.run.sync_batch_norm,
            "no worker waits for the images of another",
        ),
        "--batch_size=auto": (
            config.data.batch_size == "auto",
            "the chief, which would try sizes, takes no steps: give the number of"
            " images that a worker takes at a time",
        ),
        "--precision=float16": (
            config.precision == "float16",
            "its loss scale is that of one order of steps: give bfloat16 or float32",
        ),
        "--on_bad_record=skip": (
            config.reading.skips,
            "the chief cannot know what each worker leaves out",
        ),
        "--sample": (
            bool(config.sampling.sample),
            "all workers would draw the same images: give --class_weights",
        ),
        "--data_service": (
            config.data.data_service is not None,
            "the workers prepare their images themselves",
        ),
        "--quantize_delay": (
            config.quantization.is_on,
            "its ranges follow from one order of steps",
        ),
    }
    for flag, (is_given, reason) in refused.items():
        if is_given:
            raise errors.InputError(
                f"{flag} does not go with --strategy=parameter_server: {reason}"
            )


def _check_run(run: RunConfig) -> None:
    if not run.train_dir:
        raise errors.InputError("--train_dir is empty; name the folder for checkpoints")
    if run.max_number_of_steps is not None and run.num_epochs is not None:
        raise errors.InputError(
            "--max_number_of_steps and --num_epochs both say how long to train;"
            " give one"
        )
    try:
        atomic_files.make_writable(Path(run.train_dir))
    except OSError as error:
        raise errors.InputError(
            f"cannot write to --train_dir={run.train_dir}: {error.strerror}"
        ) from error


def _check_validation(config: TrainConfig) -> None:
    """Raises an InputError for settings that follow evaluations without any."""
    if config.validation.is_on:
        return
    defaults, given = ValidationConfig(), config.validation
    for field in dataclasses.fields(given):
        value = getattr(given, field.name)
        if value != getattr(defaults, field.name):
            raise errors.InputError(
                f"--{field.name} is about evaluations inside training; give"
                " --eval_every too, such as --eval_every=1ep"
            )
    if config.learning_rate.learning_rate_decay_type == "plateau":
        raise errors.InputError(
            "--learning_rate_decay_type=plateau follows evaluations inside training;"
            " give --eval_every too, such as --eval_every=1ep"
        )
