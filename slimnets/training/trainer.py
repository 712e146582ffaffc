"""Training: `train(config)` is the whole of it; the program only reads flags."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from slimnets import checkpoints, folder_lock
from slimnets.checkpoints import atomic_files, run_settings
from slimnets.config import durations, flagfile
from slimnets.config.durations import Duration
from slimnets.config.train import TrainConfig
from slimnets.datasets.registry import Dataset
from slimnets.distribution import strategies, workers
from slimnets.distribution.chief import Members
from slimnets.training import batch_size, membership
from slimnets.training.asynchronous import AsynchronousSteps
from slimnets.training.batches import TrainingBatches
from slimnets.training.checks import check, check_own_datasets
from slimnets.training.class_draws import find_sampling
from slimnets.training.class_weights import find_class_weights
from slimnets.training.interruption import Interruption, interruptible
from slimnets.training.loop import Loop, Outcome
from slimnets.training.notices import list_notices
from slimnets.training.resources import Resources, find_resources
from slimnets.training.start import (
    Start,
    adopt_settings,
    check_same_step,
    find_start,
    restore,
)
from slimnets.training.state import TrainState
from slimnets.training.step import make_step
from slimnets.training.validation import Validation


def train(
    config: TrainConfig,
    log: Callable[[str], None] = print,
    dataset: Dataset | None = None,
    held_out: Dataset | None = None,
) -> Outcome:
    """Trains a network as configured, or resumes the run in train_dir.

    Args:
      config: all settings.
      log: gets the lines that tell what the run starts from, and how a batch size was
        found where it was to be.
      dataset: of one's own, see `datasets.elements`; None takes what --dataset_dir
        names. Several workers give each the same.
      held_out: with `dataset`, what --eval_every evaluates on.

    Returns:
      What the run left in train_dir.

    Raises:
      InputError: a setting or an input is at fault, or the loss became not finite;
        checkpoints written before are kept.
      Stopped: a SystemExit, where SIGTERM came before the first step.
    """
    with contextlib.ExitStack() as held:
        interruption = held.enter_context(interruptible())
        check(config)
        check_own_datasets(config, dataset, held_out)
        if config.devices.has_servers and membership.is_member(config):
            return membership.serve(config, interruption, log)
        if not config.devices.has_workers:
            held.enter_context(_lock(config))
        members = None
        if config.devices.has_servers:
            members = held.enter_context(membership.gather(config, interruption, log))
        start = find_start(config, log)
        config = adopt_settings(config, start, log)
        config = batch_size.resolve_auto(config, start.own_flags, log)
        resources = find_resources(config, log, dataset)
        if config.devices.has_workers and strategies.is_chief(resources.strategy):
            held.enter_context(_lock(config))
        if start.own is not None:
            run_settings.require_same_classes(start.own, resources.dataset)
        if config.run.seed is not None:
            tf.random.set_seed(config.run.seed)
        strategy = resources.strategy
        advice = (
            "Start all workers again: they resume from the last checkpoint in"
            f" {config.run.train_dir}"
        )
        with workers.name_the_lost(strategy, advice):
            outcome = _train(
                config, start, resources, held_out, interruption, log, members
            )
        if members is not None:
            membership.end(members, outcome)
        return outcome


def _lock(config: TrainConfig) -> contextlib.AbstractContextManager[None]:
    return folder_lock.lock(Path(config.run.train_dir), "training")


def _train(
    config: TrainConfig,
    start: Start,
    resources: Resources,
    held_out: Dataset | None,
    interruption: Interruption,
    log: Callable[[str], None],
    members: Members | None,
) -> Outcome:
    """Trains with the devices and data that were found."""
    strategy, dataset, _ = resources
    last_step = _get_last_step(config, dataset.num_examples)
    state = _make_state(config, start, resources, log)
    validation = _make_validation(config, resources, state, last_step, held_out, log)
    finished = _describe_finished(config, state.step, last_step, validation)
    if start.own and finished:
        log(finished)
        return Outcome(state.step, start.own, seconds=0.0, loss=None)
    if strategies.is_chief(strategy):
        _write_settings(config, resources, state)
    for line in list_notices(config, state):
        log(line)
    weights = find_class_weights(config, dataset, log)
    train_step = make_step(
        strategy, config, state, dataset.num_examples, last_step, weights
    )
    steps_per_call = config.run.steps_per_call
    batches: Iterator[Any]
    if members is not None:
        train_step = AsynchronousSteps(
            strategy, config, dataset, state, train_step, members, interruption
        )
        batches, steps_per_call = train_step.make_batches(), train_step.steps_per_call
    else:
        drawn = find_sampling(config, dataset, log)
        batches = TrainingBatches(
            strategy, config, dataset, state.model, state.step, drawn
        )
    loop = Loop(
        config,
        strategy,
        state,
        train_step,
        dataset.num_examples,
        last_step,
        validation,
        steps_per_call,
    )
    outcome = loop.run(batches, interruption)
    left_out = dataset.left_out
    if isinstance(batches, TrainingBatches):
        left_out = (*left_out, *batches.list_left_out())
    return dataclasses.replace(outcome, left_out=left_out)


def _make_state(
    config: TrainConfig, start: Start, resources: Resources, log: Callable[[str], None]
) -> TrainState:
    """Returns the state that training starts from, the same on all workers."""
    with resources.strategy.scope():
        state = TrainState(config, resources.num_classes)
        restore(state, start, config, log)
    check_same_step(resources.strategy, state)
    if strategies.is_chief(resources.strategy):
        checkpoints.clear_leftovers(config.run.train_dir)
    return state


def _make_validation(
    config: TrainConfig,
    resources: Resources,
    state: TrainState,
    last_step: int | None,
    held_out: Dataset | None,
    log: Callable[[str], None],
) -> Validation | None:
    """Returns what evaluates while training, None where that is off.

    What it found in an earlier run may have lowered the learning rate.
    """
    if not config.validation.is_on:
        return None
    validation = Validation(
        config,
        resources.strategy,
        resources.dataset.num_examples,
        last_step,
        state.step,
        log,
        held_out,
    )
    state.scale_learning_rate(validation.compute_rate_factor())
    return validation


def _write_settings(
    config: TrainConfig, resources: Resources, state: TrainState
) -> None:
    """Writes what evaluation needs to know, and the flags that repeat the run."""
    run_settings.write(
        config.run.train_dir,
        config,
        resources.dataset,
        num_classes=resources.num_classes,
        image_size=state.model.image_size,
    )
    _write_flagfile(config)


def _write_flagfile(config: TrainConfig) -> None:
    """Writes train_dir/run.flags, by which another train_dir gets the same run."""
    model, _ = run_settings.locate(config.model)
    config = dataclasses.replace(config, model=model)
    text = flagfile.format_flags(config, "slimnets train", without=("train_dir",))
    atomic_files.write_text(Path(config.run.train_dir) / flagfile.FILE, text)


def _get_last_step(config: TrainConfig, num_examples: int) -> int | None:
    """Returns the step at which the run ends; None where it never does."""
    length: Duration | None = config.run.max_number_of_steps
    if config.run.num_epochs is not None:
        length = f"{config.run.num_epochs}ep"
    if length is None:
        return None
    return durations.count_steps(length, num_examples, config.data.known_batch_size)


def _describe_finished(
    config: TrainConfig,
    step: int,
    last_step: int | None,
    validation: Validation | None,
) -> str | None:
    """Returns what to say of a run that has nothing left to do, else None."""
    train_dir = config.run.train_dir
    if validation is not None:
        if validation.is_due(step):
            return None
        if validation.has_stopped:
            patience = config.validation.early_stopping_patience
            return (
                f"{train_dir} ended early at step {step}, by"
                f" --early_stopping_patience={patience}; raise it to go on, or give"
                " another --train_dir to start anew"
            )
    if last_step is None or step < last_step:
        return None
    return (
        f"{train_dir} is already trained to step {step} of {last_step}; for more"
        " steps raise --max_number_of_steps or --num_epochs, to start anew give another"
        " --train_dir"
    )
