"""What a run starts from: its own checkpoint, another run's weights, or neither.

In this order: train_dir's latest checkpoint (weights, slots, step); the weights of
--checkpoint_path; the initializers.
"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import run_settings
from slimnets.config import calls, dataclass_flags
from slimnets.config.train import TrainConfig
from slimnets.datasets import sources
from slimnets.training.state import TrainState
from slimnets.weights.published import cache, words

# Flags that do not change what a resumed run computes.
_BESIDE_THE_POINT = frozenset(
    {
        "train_dir",
        # Not read where train_dir has a checkpoint.
        "checkpoint_path",
        "checkpoint_exclude_scopes",
        "ignore_missing_vars",
        "allow_unused",
        "num_preprocessing_threads",
        "steps_per_call",
        "log_every_n_steps",
        "save_summaries_secs",
        "save_interval_secs",
        "save_interval_steps",
        "max_checkpoints_to_keep",
        "plot",
    }
)
_LENGTH = frozenset({"max_number_of_steps", "num_epochs"})


@dataclasses.dataclass(frozen=True)
class Start:
    """What a run starts from.

    Attributes:
      own: the checkpoint of train_dir that the run resumes, or None.
      own_flags: the flags, by name, of the run that wrote it; empty where unknown.
      weights: the checkpoint of another run to take weights from, or None.
    """

    own: str | None = None
    own_flags: dict[str, Any] = dataclasses.field(default_factory=dict)
    weights: str | None = None


def find_start(config: TrainConfig, log: Callable[[str], None]) -> Start:
    """Finds the checkpoint that a run starts from.

    Args:
      config: all settings.
      log: gets a line where the newest one is damaged.

    Raises:
      InputError: there is none at --checkpoint_path, or train_dir's settings.json
        cannot be understood.
    """
    own = checkpoints.find(config.run.train_dir, log)
    if own is not None:
        return Start(own=own, own_flags=_read_flags(own))
    given = config.fine_tuning.checkpoint_path
    if not given:
        return Start()
    path = words.resolve(given, config.network, log)
    return Start(weights=checkpoints.require(path, log))


def adopt_settings(
    config: TrainConfig, start: Start, log: Callable[[str], None]
) -> TrainConfig:
    """Returns settings with what belongs to published weights and the user left open.

    These are the recipe and the size of the images that the weights were made for, and
    arguments of the builder under which they compute what their library does.

    Args:
      config: all settings.
      start: as `find_start` returned it; the run that is resumed did the same.
      log: gets a line that tells what was taken.
    """
    given = config.fine_tuning.checkpoint_path
    if not given or words.find_weights(given, config.network) is None:
        return config
    settings = run_settings.read(start.own or start.weights or "")
    is_path = start.weights is not None and not cache.holds(start.weights)
    if settings is None or is_path:
        return config
    named = calls.parse(config.model or "")
    arguments = {**calls.parse(settings.model).arguments, **named.arguments}
    model = str(calls.Call(named.name, arguments))
    data = dataclasses.replace(
        config.data,
        preprocessing_name=config.data.preprocessing_name
        or settings.preprocessing_name,
        image_size=config.data.image_size or settings.image_size,
    )
    adopted = dataclasses.replace(config, model=model, data=data)
    if adopted != config and start.own is None:
        log(_describe_adopted(config, adopted))
    return adopted


def _describe_adopted(config: TrainConfig, adopted: TrainConfig) -> str:
    """Returns the flags that would have given what was taken from weights."""
    before, now = dataclass_flags.to_dict(config), dataclass_flags.to_dict(adopted)
    flags = [f"--{name}={now[name]}" for name in now if now[name] != before[name]]
    return f"as the weights were made for: {' '.join(flags)}"


def restore(
    state: TrainState, start: Start, config: TrainConfig, log: Callable[[str], None]
) -> None:
    """Gives a state its first values.

    Args:
      state: as it was made, at step 0.
      start: as `find_start` returned it.
      config: all settings.
      log: gets the lines that tell what was read.

    Raises:
      InputError: the checkpoint is unreadable or does not fit.
    """
    given = config.fine_tuning.checkpoint_path
    if start.own is not None:
        state.resume(start.own)
        log(f"resuming from {start.own}, step {state.step}")
        for line in describe_changes(start.own_flags, config):
            log(line)
        if given:
            log(f"--checkpoint_path={given} is not read: {start.own} exists already")
    elif start.weights is not None:
        log(str(state.start_from(start.weights, config, log)))


def describe_changes(own_flags: dict[str, Any], config: TrainConfig) -> Iterator[str]:
    """Yields a line for each flag that makes a resumed run another one than it was.

    Args:
      own_flags: by name, as `find_start` returns them; a missing one is not compared.
      config: all settings now.
    """
    now = dataclass_flags.to_dict(config)
    now["dataset_dir"] = sources.make_absolute(now["dataset_dir"])
    beside = _BESIDE_THE_POINT
    if config.learning_rate.learning_rate_decay_type != "cosine":
        beside |= _LENGTH  # by which alone the learning rate knows of it
    if config.validation.is_on:
        beside -= {"steps_per_call"}  # evaluations wait for the end of a call
    for name, value in now.items():
        before = own_flags.get(name, value)
        if value != before and name not in beside:
            yield f"--{name} is {value} from here on; up to this step it was {before}"


def _read_flags(checkpoint: str) -> dict[str, Any]:
    """Returns the flags of the run that wrote a checkpoint, folders absolute."""
    flags = run_settings.read_flags(checkpoint) or {}
    facts = run_settings.read(checkpoint)
    folder = facts.dataset_dir if facts else None
    if folder is None or folder.startswith(sources.FROM_PYTHON):
        return flags
    return flags | {"dataset_dir": folder}


def check_same_step(strategy: tf.distribute.Strategy, state: TrainState) -> None:
    """Raises an InputError if the workers do not all begin at the same step.

    Each reads train_dir for itself. One that finds another folder under that name
    would train weights of its own without anybody noticing.
    """

    @tf.function(autograph=False)
    def sum_of_steps() -> tf.Tensor:
        steps = strategy.run(lambda: tf.identity(state.global_step))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, steps, axis=None)

    replicas = strategy.num_replicas_in_sync
    if replicas > 1 and int(sum_of_steps()) != state.step * replicas:
        raise errors.InputError(
            f"this worker begins at step {state.step}, another one does not;"
            " --train_dir has to be one folder, on a file system that all workers share"
        )
