"""Training: `train(config)` is the whole of it; the binary only reads flags.

What a run starts from, in this order: train_dir's own latest checkpoint (weights,
slots, step); the weights of --checkpoint_path; the initializers.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files, run_settings
from slimnets.config import dataclass_flags
from slimnets.config.train import TrainConfig
from slimnets.datasets import pipeline
from slimnets.datasets import registry as datasets
from slimnets.monitoring.progress import TrainingProgress
from slimnets.monitoring.summaries import Summaries
from slimnets.preprocessing import registry as preprocessing
from slimnets.training import batch_size, distribute, loss_scale
from slimnets.training.interruption import interruptible
from slimnets.training.state import TrainState
from slimnets.training.step import StepResult, make_step
from slimnets.training.timers import Every, Rate, Waiting


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a run left.

    Attributes:
      step: the last step done.
      checkpoint: its path.
      seconds: spent training.
      loss: of the last step; None where nothing was left to train.
      interrupted: the name of the signal that ended the run early, or None.
    """

    step: int
    checkpoint: str
    seconds: float
    loss: float | None
    interrupted: str | None = None


def train(config: TrainConfig, say: Callable[[str], None] = print) -> Outcome:
    """Trains a network as configured, or goes on where train_dir stopped.

    Args:
      config: all settings.
      say: gets the lines that tell what the run starts from, and how a batch size was
        found where it was to be.

    Returns:
      What the run left in train_dir.

    Raises:
      InputError: a setting or an input is at fault, or the loss became not finite;
        checkpoints written before are kept.
    """
    _check(config)
    config = batch_size.found(config, say)
    run = config.run
    strategy = distribute.get_strategy(run.strategy, run.num_clones, run.clone_on_cpu)
    dataset = datasets.get_dataset(
        config.data.dataset_dir,
        config.data.dataset_split_name,
        config.data.dataset_name,
    )
    last_step = _last_step(config, dataset.num_examples)
    num_classes = dataset.num_classes - config.data.labels_offset
    if run.seed is not None:
        tf.random.set_seed(run.seed)
    chief = distribute.is_chief(strategy)
    with strategy.scope():
        state = TrainState(config, num_classes)
        _start(state, config, say)
        check_same_step(strategy, state)
        if last_step is not None and state.step >= last_step:
            return _nothing_left(state, last_step, run.train_dir, say)
        if chief:
            run_settings.write(
                run.train_dir,
                config,
                dataset,
                num_classes=state.model.num_classes,
                image_size=state.model.image_size,
            )
        batches = _batches(strategy, config, dataset, state)
        step_fn = make_step(strategy, config, state, dataset.num_examples, last_step)
        return _loop(config, state, step_fn, batches, last_step, chief)


def _check(config: TrainConfig) -> None:
    """Raises an InputError for settings that cannot be meant."""
    dataclass_flags.check(config)
    run = config.run
    if not config.model:
        raise errors.InputError(
            "no network named; give --model, such as --model=alexnet_v2"
        )
    if not run.train_dir:
        raise errors.InputError("--train_dir is empty; name the folder for checkpoints")
    if run.max_number_of_steps is not None and run.num_epochs is not None:
        raise errors.InputError(
            "--max_number_of_steps and --num_epochs both say how long to train;"
            " give one"
        )
    if run.num_epochs is not None and not 0 < run.num_epochs < math.inf:
        raise errors.InputError(f"--num_epochs={run.num_epochs} is no length")
    for name in ("label_smoothing", "moving_average_decay"):
        value = getattr(config, name)
        if value is not None and not 0 <= value < 1:
            raise errors.InputError(f"--{name}={value} must be in [0, 1)")
    if config.fine_tuning.checkpoint_exclude_scopes and not (
        config.fine_tuning.checkpoint_path
    ):
        raise errors.InputError(
            "--checkpoint_exclude_scopes says what not to read from --checkpoint_path;"
            " give that too"
        )
    try:
        atomic_files.make_writable(Path(run.train_dir))
    except OSError as error:
        raise errors.InputError(
            f"cannot write to --train_dir={run.train_dir}: {error.strerror}"
        ) from error


def _last_step(config: TrainConfig, num_examples: int) -> int | None:
    if config.run.num_epochs is None:
        return config.run.max_number_of_steps
    return math.ceil(config.run.num_epochs * num_examples / config.data.batch_size)


def _start(state: TrainState, config: TrainConfig, say: Callable[[str], None]) -> None:
    """Gives the state its first values: see the head of this file for the order."""
    source = config.fine_tuning.checkpoint_path
    own = checkpoints.latest(config.run.train_dir)
    if own is not None:
        state.resume(own)
        say(f"going on from {own}, step {state.step}")
        if source:
            say(f"--checkpoint_path={source} is not read: {own} exists already")
    elif source:
        say(str(state.start_from(checkpoints.require(source), config)))


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


def _nothing_left(
    state: TrainState, last_step: int, train_dir: str, say: Callable[[str], None]
) -> Outcome:
    say(
        f"{train_dir} is already trained to step {state.step} of {last_step}; for more"
        " steps raise --max_number_of_steps or --num_epochs, to start anew give another"
        " --train_dir"
    )
    return Outcome(state.step, checkpoints.require(train_dir), 0.0, None)


def _batches(
    strategy: tf.distribute.Strategy,
    config: TrainConfig,
    dataset: datasets.Dataset,
    state: TrainState,
) -> Iterator[Any]:
    """Yields distributed batches without end; a broken input is an InputError."""
    data = config.data
    if data.batch_size % strategy.num_replicas_in_sync:
        raise errors.InputError(
            f"--batch_size={data.batch_size} cannot be divided among"
            f" {strategy.num_replicas_in_sync} replicas; give a multiple of that"
        )
    recipe = preprocessing.get_preprocessing(
        data.preprocessing_name or config.model, True, data.use_grayscale
    )
    size = state.model.image_size

    def local_batches(context: tf.distribute.InputContext) -> tf.data.Dataset:
        return pipeline.train_batches(
            dataset,
            lambda image: recipe(image, size, size),
            context.get_per_replica_batch_size(data.batch_size),
            # The start keeps a resumed run from the images that it began with.
            seed=None if config.run.seed is None else config.run.seed + state.step,
            shard=(context.input_pipeline_id, context.num_input_pipelines),
            num_readers=data.num_readers,
            num_parallel_calls=data.num_preprocessing_threads or tf.data.AUTOTUNE,
            channels=state.model.channels,
            labels_offset=data.labels_offset,
            cache=data.cache,
            service=data.data_service,
            steps=config.run.steps_per_call,
            replicas=context.num_replicas_in_sync // context.num_input_pipelines,
        )

    batches = iter(strategy.distribute_datasets_from_function(local_batches))
    while True:
        try:
            yield next(batches)
        except tf.errors.OpError as error:
            raise pipeline.describe_failure(
                error, dataset, data.labels_offset
            ) from error


def _loop(
    config: TrainConfig,
    state: TrainState,
    step_fn: Callable[[Any], StepResult],
    batches: Iterator[Any],
    last_step: int | None,
    chief: bool,
) -> Outcome:
    """Takes steps until the last one, a signal, or a loss that is not finite."""
    run = config.run
    step, began, loss = state.step, time.monotonic(), None
    log = Every(step, steps=run.log_every_n_steps)
    show = Every(step, secs=run.save_summaries_secs)
    checkpoint = Every(step, steps=run.save_interval_steps, secs=run.save_interval_secs)
    rate = Rate(step, config.data.batch_size)
    summaries = Summaries(run.train_dir if chief else None)
    progress = TrainingProgress(step, last_step)
    waiting = Waiting(progress.note)
    first = True
    try:
        with interruptible() as asked:
            while (last_step is None or step < last_step) and not asked.by:
                count = _steps_of_call(run.steps_per_call, step, last_step)
                with waiting.data():
                    batch = next(batches)
                result = step_fn(batch, count)
                step += count
                loss = float(result.losses.total)
                _require_sound(loss, state, run.train_dir)
                progress.step(count)
                if log.due(step) or step == last_step:
                    speed = rate.since_last(step)
                    progress.report(step, loss, speed)
                    shares = {"waiting_for_data": waiting.since_last()}
                    scalars = _scalars(result, state, speed[0])
                    summaries.scalars(step, scalars | shares)
                if first or show.due(step):
                    first = False
                    images = _local_images(batch, run.steps_per_call)
                    summaries.images(step, "input", images)
                if chief and checkpoint.due(step):
                    state.save(run.train_dir, run.max_checkpoints_to_keep)
    finally:
        progress.close()
        summaries.close()
    path = _final_checkpoint(config, state, chief)
    return Outcome(
        step=step,
        checkpoint=path,
        seconds=time.monotonic() - began,
        loss=loss,
        interrupted=None if step == last_step else asked.by,
    )


def _final_checkpoint(config: TrainConfig, state: TrainState, chief: bool) -> str:
    """Saves the last step unless that was done already; returns the path."""
    run = config.run
    if chief and checkpoints.step_of(checkpoints.latest(run.train_dir) or "") != (
        state.step
    ):
        return state.save(run.train_dir, run.max_checkpoints_to_keep)
    return str(Path(run.train_dir) / f"{checkpoints.BASENAME}-{state.step}")


def _steps_of_call(most: int, step: int, last_step: int | None) -> int:
    return most if last_step is None else min(most, last_step - step)


def _require_sound(loss: float, state: TrainState, train_dir: str) -> None:
    """Raises an InputError if the steps just taken leave nothing to go on from."""
    if not math.isfinite(loss):
        raise _diverged(loss, state.step, train_dir)
    scale = state.loss_scale
    if scale is not None and scale.value < loss_scale.LEAST:
        raise errors.InputError(
            f"the gradients are not finite at step {state.step}, however small the loss"
            " scale; give --precision=float32"
        )


def _diverged(loss: float, step: int, train_dir: str) -> errors.InputError:
    kept = checkpoints.latest(train_dir)
    left = f"The last good checkpoint is {kept or 'none: none was due'}"
    if kept and checkpoints.step_of(kept) == step - 1:
        # The loss is that of its weights: going on from it would end here again.
        left = f"{kept} holds the weights that gave it: delete it to go on from before"
    return errors.InputError(
        f"the loss became {loss} at step {step}; lower --learning_rate or begin it with"
        f" --warmup_epochs. {left}"
    )


def _scalars(
    result: StepResult, state: TrainState, images_per_second: float
) -> dict[str, float]:
    parts = {f"losses/{k}": float(v) for k, v in result.losses._asdict().items()}
    total = parts.pop("losses/total")
    scale = state.loss_scale
    return {
        "total_loss": total,
        **parts,
        "accuracy": float(result.accuracy),
        "learning_rate": float(result.learning_rate),
        "images_per_second": images_per_second,
        **({} if scale is None else {"loss_scale": float(scale.value)}),
    }


def _local_images(batch: Any, steps_per_call: int) -> tf.Tensor:
    """Returns the first replica's images of a distributed batch, of its first step."""
    images, _ = batch
    local = tf.distribute.get_strategy().experimental_local_results(images)[0]
    return local if steps_per_call == 1 else local[0]
