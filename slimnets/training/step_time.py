"""How long a training step takes, on random images."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from slimnets import hardware
from slimnets.config.optimization import LearningRateConfig
from slimnets.config.train import TrainConfig
from slimnets.training.batch_trial import Trial
from slimnets.training.resources import find_resources
from slimnets.training.state import TrainState
from slimnets.training.step import make_step

_LEAST_CALLS, _LEAST_SECONDS = 3, 2.0  # timed, after two to warm up


def measure(config: TrainConfig) -> Trial:
    """Times training steps on random images, with weights that are discarded."""
    size, steps_per_call = config.data.known_batch_size, config.run.steps_per_call
    available = hardware.available_memory()
    strategy, dataset, num_classes = find_resources(config)
    # Training on noise could make the loss infinite.
    frozen = LearningRateConfig(learning_rate_decay_type="fixed", learning_rate=0.0)
    config = dataclasses.replace(config, learning_rate=frozen)
    with strategy.scope():
        state = TrainState(config, num_classes)
        step = make_step(strategy, config, state, dataset.num_examples, None)
        batch = _make_batch(strategy, config, state)

        def call() -> None:
            float(step(batch, steps_per_call).losses.total)

        call()
        call()
        fastest = min(_time_calls(call))
    return Trial(
        size,
        size * steps_per_call / fastest,
        hardware.peak_memory(),
        None if tf.config.list_logical_devices("GPU") else available,
        dataset.num_examples,
    )


def _make_batch(
    strategy: tf.distribute.Strategy, config: TrainConfig, state: TrainState
) -> tuple[Any, Any]:
    """Returns images and labels, distributed, as `make_step`'s function takes them."""
    size, steps = state.model.image_size, config.run.steps_per_call
    shape = [config.data.known_batch_size // strategy.num_replicas_in_sync]
    shape = [steps, *shape] if steps > 1 else shape
    distributed = strategy.experimental_distribute_values_from_function
    return (
        distributed(
            lambda _: tf.random.uniform([*shape, size, size, state.model.channels], -1)
        ),
        distributed(lambda _: tf.zeros(shape, tf.int64)),
    )


def _time_calls(call: Callable[[], None]) -> Iterator[float]:
    """Yields the seconds that each of some calls took."""
    total, calls = 0.0, 0
    while calls < _LEAST_CALLS or total < _LEAST_SECONDS:
        began = time.perf_counter()
        call()
        seconds = time.perf_counter() - began
        total, calls = total + seconds, calls + 1
        yield seconds
