"""Trying out one batch size in a process of its own.

Running out of memory then ends that process and not the run.
"""

import dataclasses
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, hardware
from slimnets.config.train import LearningRateConfig, TrainConfig
from slimnets.datasets import registry as datasets
from slimnets.training import distribute
from slimnets.training.state import TrainState
from slimnets.training.step import make_step

_LEAST_CALLS, _LEAST_SECONDS = 3, 2.0  # timed, after two to warm up

# How a process ends: Linux kills what takes the last memory; what is denied it aborts.
_OUT_OF_MEMORY = (-signal.SIGKILL, -signal.SIGABRT)


class Trial(NamedTuple):
    """What a batch size came to.

    Attributes:
      batch_size: images a step, over all replicas together.
      images_per_second: at the fastest of the timed steps.
      gigabytes: most memory held, of the fullest GPU or of the process; None: unknown.
      available: gigabytes that the process could have; None where TensorFlow itself
        says when memory ends (a GPU), or nobody knows.
      examples: in an epoch; a batch does not grow beyond that.
    """

    batch_size: int
    images_per_second: float
    gigabytes: float | None
    available: float | None
    examples: int


class OutOfMemory(Exception):
    """A batch size does not fit."""


def measure_apart(config: TrainConfig) -> Trial:
    """Tries the batch size of a configuration in a process of its own.

    Raises:
      OutOfMemory: it does not fit.
      InputError: a setting is at fault.
    """
    # Not forked: TensorFlow's threads would be missing in the copy.
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(config, sender), daemon=True)
    process.start()
    sender.close()  # or the end of the process would not end the pipe
    try:
        answer = receiver.recv()
    except EOFError:
        answer = None
    process.join()
    if isinstance(answer, Exception):
        raise answer
    if answer is None and process.exitcode not in _OUT_OF_MEMORY:
        raise errors.InputError(
            f"--batch_size=auto: trying {config.data.batch_size} ended with status"
            f" {process.exitcode}; in a script, train under if __name__ == '__main__',"
            " or give a number"
        )
    if answer is None:
        raise OutOfMemory
    return answer


def _answer(config: TrainConfig, sender: Connection) -> None:
    """Tries a batch size and sends the trial, or what went wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    hardware.prefer_oom_kill()
    try:
        answer: Any = _tried(config)
    except (tf.errors.ResourceExhaustedError, MemoryError):
        answer = OutOfMemory()
    except errors.InputError as error:
        answer = error
    sender.send(answer)


def _tried(config: TrainConfig) -> Trial:
    """Times training steps on made-up images, with weights that are thrown away."""
    run, size = config.run, config.data.batch_size
    available = hardware.available_memory()
    strategy = distribute.get_strategy(run.strategy, run.num_clones, run.clone_on_cpu)
    dataset = datasets.get_dataset(
        config.data.dataset_dir,
        config.data.dataset_split_name,
        config.data.dataset_name,
    )
    # Noise is not to be learnt: the loss would leave the finite numbers.
    still = LearningRateConfig(learning_rate_decay_type="fixed", learning_rate=0.0)
    config = dataclasses.replace(config, learning_rate=still)
    with strategy.scope():
        state = TrainState(config, dataset.num_classes - config.data.labels_offset)
        step = make_step(strategy, config, state, dataset.num_examples, None)
        batch = _made_up(strategy, config, state)

        def call() -> None:
            float(step(batch, run.steps_per_call).losses.total)

        call()
        call()
        fastest = min(_durations(call))
    return Trial(
        size,
        size * run.steps_per_call / fastest,
        hardware.peak_memory(),
        None if tf.config.list_logical_devices("GPU") else available,
        dataset.num_examples,
    )


def _made_up(
    strategy: tf.distribute.Strategy, config: TrainConfig, state: TrainState
) -> tuple[Any, Any]:
    """Returns images and labels, distributed, as `make_step`'s function takes them."""
    size, steps = state.model.image_size, config.run.steps_per_call
    shape = [config.data.batch_size // strategy.num_replicas_in_sync]
    shape = [steps, *shape] if steps > 1 else shape
    distributed = strategy.experimental_distribute_values_from_function
    return (
        distributed(
            lambda _: tf.random.uniform([*shape, size, size, state.model.channels], -1)
        ),
        distributed(lambda _: tf.zeros(shape, tf.int64)),
    )


def _durations(call: Callable[[], None]) -> Iterator[float]:
    """Yields the seconds that each of some calls took."""
    total, calls = 0.0, 0
    while calls < _LEAST_CALLS or total < _LEAST_SECONDS:
        began = time.perf_counter()
        call()
        seconds = time.perf_counter() - began
        total, calls = total + seconds, calls + 1
        yield seconds
