"""Steps of --strategy=parameter_server: each worker takes one as soon as it is free.

A worker reads the variables from the servers, computes the gradients of a batch of its
own, and changes the variables at once: by gradients of values that others may have
changed meanwhile. The chief hands out the steps, and waits for all of them once in a
while, for the log, checkpoints and evaluations.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from slimnets.config.train import TrainConfig
from slimnets.datasets import failures
from slimnets.datasets.registry import Dataset
from slimnets.distribution.chief import Members
from slimnets.training.gradients import list_scalars
from slimnets.training.input_pipeline import InputPipeline, explain
from slimnets.training.interruption import Interruption
from slimnets.training.losses import Losses
from slimnets.training.state import TrainState
from slimnets.training.step import StepResult, TrainStep

# Steps for each worker from one time that the chief waits for all to the next. Where
# all are as fast, a worker stands still for half a step of these.
_STEPS_AT_A_TIME = 10
# For each worker: one that it takes, and one that waits for it.
_STEPS_IN_FLIGHT = 2
_PAUSE = 0.005  # seconds between two looks at how far the workers are


class AsynchronousSteps:
    """Takes steps on the workers; calls do what `make_step`'s function does.

    Attributes:
      steps_per_call: the most that a call may be asked for.
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy,
        config: TrainConfig,
        dataset: Dataset,
        state: TrainState,
        step: TrainStep,
        members: Members,
        interruption: Interruption,
    ):
        """Makes a pipeline on each worker, which shuffles all images by itself.

        Args:
          strategy: with servers of parameters, in whose scope the state was made.
          config: all settings.
          dataset: the split to train on.
          state: what a step changes.
          step: as `make_step` returns it.
          members: who are there.
          interruption: by which calls end early.
        """
        self._config, self._dataset, self._state = config, dataset, state
        self._members, self._interruption = members, interruption
        self._workers = members.count_workers
        self.steps_per_call = _STEPS_AT_A_TIME * self._workers
        self._coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
        self._context = tf.distribute.InputContext(1, 0, strategy.num_replicas_in_sync)
        zero = tf.zeros([])
        self._last = StepResult(
            Losses(*[zero] * len(Losses._fields)),
            zero,
            zero,
            dict.fromkeys(list_scalars(config.gradients), zero),
        )
        self._nothing = tf.zeros([1 + len(tf.nest.flatten(self._last))])
        with strategy.scope():  # the number of steps, and what they report, summed up
            self._sums = tf.Variable(self._nothing, trainable=False)
        self._take = self._make_take(step)

    def make_batches(self) -> Iterator[Any]:
        """Yields what each call takes: the workers' own batches."""
        pipeline = InputPipeline(self._config, self._dataset, self._state.model)
        batches = iter(
            self._coordinator.create_per_worker_dataset(
                lambda: pipeline.make(self._context)
            )
        )
        while True:
            yield batches

    def __call__(self, batches: Any, count: int = 1) -> StepResult:
        """Takes steps, fewer when a signal comes; returns the mean of their reports.

        Raises:
          InputError: a record or file is broken.
        """
        try:
            self._take_several(batches, count)
            done, *means = (self._sums / tf.maximum(self._sums[0], 1)).numpy()
        except failures.FAILURES as error:
            raise explain(error, self._config, self._dataset) from error
        if done:  # else no worker was left to take one
            self._last = tf.nest.pack_sequence_as(self._last, means)
        return self._last

    def _take_several(self, batches: Any, count: int) -> None:
        """Hands out steps, and waits until they are done; sets the global step."""
        first, handed_out = self._state.step, 0
        self._sums.assign(self._nothing)
        while handed_out < count and not (handed_out and self._interruption.by):
            if handed_out - self._count_done() < _STEPS_IN_FLIGHT * self._workers:
                self._coordinator.schedule(self._take, args=(batches,))
                handed_out += 1
            else:
                time.sleep(_PAUSE)
            self._coordinator.done()  # which raises the error of a step
        while not self._coordinator.done() and not self._is_given_up():
            time.sleep(_PAUSE)
        # Steps of a worker that was lost in them may count twice on the servers.
        taken = handed_out if self._coordinator.done() else self._count_done()
        self._state.global_step.assign(first + min(taken, handed_out))

    def _count_done(self) -> int:
        return int(self._sums[0].numpy())

    def _is_given_up(self) -> bool:
        """Whether all workers were stopped together with this process."""
        return bool(self._interruption.by) and not self._members.count_workers

    def _make_take(self, step: TrainStep) -> Callable[[Any], None]:
        @tf.function(autograph=False)
        def take(batches: Any) -> None:
            result = step(next(batches))
            flat = [tf.cast(each, tf.float32) for each in tf.nest.flatten(result)]
            self._sums.assign_add(tf.stack([tf.ones([]), *flat]))

        return take
