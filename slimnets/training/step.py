"""One training step: forward, backward, the sum over the replicas, the update."""

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import random_numbers
from slimnets.config.train import TrainConfig
from slimnets.layers.block_runs import Recomputation
from slimnets.layers.computation import Computation, computing
from slimnets.training import loss_scale, losses, schedules
from slimnets.training.moving_averages import compute_early_decay
from slimnets.training.state import TrainState


class StepResult(NamedTuple):
    """What a step reports, over all replicas together.

    Attributes:
      losses: parts of the loss.
      accuracy: top-1 accuracy on the batch, in [0, 1].
      learning_rate: used in the step.
    """

    losses: losses.Losses
    accuracy: tf.Tensor
    learning_rate: tf.Tensor


# Trains on a distributed batch; `count` steps on as many stacked ones.
TrainStep = Callable[..., StepResult]


def make_step(
    strategy: tf.distribute.Strategy,
    config: TrainConfig,
    state: TrainState,
    num_examples: int,
    last_step: int | None,
    class_weights: Sequence[float] | None = None,
) -> TrainStep:
    """Returns the function that trains on distributed batches, `f(batch, count=1)`.

    It takes a step on (images, labels), whose labels are class ids, int64 [batch], or
    targets, float32 [batch, classes]. With config.run.steps_per_call > 1 these have
    that many batches on a first axis of each replica's share: it takes a step on each
    of the first `count`, ends early where a loss is not finite, and reports the last.

    Args:
      strategy: in whose scope `state` was made.
      config: all settings.
      state: what a step changes.
      num_examples: in an epoch.
      last_step: of the run, for schedules that end with it; None without an end.
      class_weights: of the loss, by class of the network; None for none.
    """
    batch_size = config.data.known_batch_size
    replicas = strategy.num_replicas_in_sync
    schedule = schedules.from_config(
        config.learning_rate, num_examples, batch_size, last_step
    )
    trained = list(state.trained.values())

    def replica_step(
        images: tf.Tensor, labels: tf.Tensor, learning_rate: tf.Tensor
    ) -> tuple[losses.Losses, tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trained)
            computation = _computation(config, state, trained)
            with computing(computation), _draw_by_step(config, state):
                logits, end_points = state.model(images, is_training=True)
            if computation.recomputation is not None:
                computation.recomputation.require_blocks()
            parts = losses.compute(
                config.losses,
                logits,
                end_points,
                labels,
                [state.model.regularization_loss()],
                global_batch_size=batch_size,
                num_replicas=replicas,
                class_weights=class_weights,
            )
            loss = _scale_loss(parts.total, state)
        gradients = _sum_over_replicas(tape.gradient(loss, trained))
        _update(state, gradients, learning_rate)
        if config.run.seed is not None and replicas > 1:
            _average_over_replicas(state)
        if state.averages:
            state.averages.update(state.global_step)
        return parts, losses.count_right(logits, labels) / batch_size

    # Autograph would rewrite every builder's Python, at 20 times the cost.
    @tf.function(autograph=False)
    def step(images: Any, labels: Any) -> StepResult:
        rate = schedules.compute_learning_rate(schedule, state.global_step)
        if state.rate_factor is not None:
            rate *= state.rate_factor
        shares = strategy.run(replica_step, args=(images, labels, rate))
        parts, accuracy = tf.nest.map_structure(
            lambda share: strategy.reduce(tf.distribute.ReduceOp.SUM, share, axis=None),
            shares,
        )
        state.global_step.assign_add(1)
        return StepResult(parts, accuracy, rate)

    if config.run.steps_per_call == 1:
        return lambda batch, count=1: step(*batch)
    several = _make_several(strategy, step)
    return lambda batch, count=1: several(*batch, count=tf.constant(count))


def _make_several(
    strategy: tf.distribute.Strategy, step: Callable[[Any, Any], StepResult]
) -> TrainStep:
    """Returns the function that takes a step on each of `count` stacked batches."""

    @tf.function(autograph=False)
    def steps(images: Any, labels: Any, count: tf.Tensor) -> StepResult:
        def is_left(taken: tf.Tensor, last: StepResult) -> tf.Tensor:
            return (taken < count) & tf.math.is_finite(last.losses.total)

        def take(taken: tf.Tensor, _: StepResult) -> tuple[tf.Tensor, StepResult]:
            batch = strategy.run(
                lambda *stacks: [stack[taken] for stack in stacks], (images, labels)
            )
            return taken + 1, step(*batch)

        nothing = losses.Losses(*[tf.zeros([])] * len(losses.Losses._fields))
        first = StepResult(nothing, tf.zeros([]), tf.zeros([]))
        return tf.while_loop(is_left, take, (tf.constant(0), first))[1]

    return steps


def _computation(
    config: TrainConfig, state: TrainState, trained: Sequence[tf.Variable]
) -> Computation:
    """Returns how the layers compute in one call of the network."""
    limit = (
        compute_early_decay(state.global_step)
        if config.adapt_batch_norm_decay
        else None
    )
    return dataclasses.replace(
        state.model.choose_computation(is_training=True),
        batch_norm_decay_limit=limit,
        sync_batch_norm=config.run.sync_batch_norm,
        recomputation=Recomputation(trained) if config.recompute_gradients else None,
    )


def _draw_by_step(
    config: TrainConfig, state: TrainState
) -> contextlib.AbstractContextManager[None]:
    """Lets a seed and the step alone decide what layers draw for a batch."""
    if config.run.seed is None:
        return contextlib.nullcontext()
    context = tf.distribute.get_replica_context()
    replica = tf.cast(context.replica_id_in_sync_group, tf.int64)
    stream = random_numbers.hash_seed("layers", config.run.seed)
    return random_numbers.keyed(
        tf.stack([stream, state.global_step]),
        share=replica if context.num_replicas_in_sync > 1 else None,
    )


def _average_over_replicas(state: TrainState) -> None:
    """Gives batch norm's moving averages, each replica's own, their mean.

    A checkpoint holds the mean alone: a run that goes on from it would otherwise differ
    from one that never stopped.
    """
    apart = [
        variable
        for variable in state.model.variables_by_name.values()
        if variable.synchronization == tf.VariableSynchronization.ON_READ
    ]
    if not apart:
        return
    means = tf.distribute.get_replica_context().all_reduce(
        tf.distribute.ReduceOp.MEAN, [variable.read_value() for variable in apart]
    )
    for variable, mean in zip(apart, means, strict=True):
        variable.assign(mean)


def _scale_loss(loss: tf.Tensor, state: TrainState) -> tf.Tensor:
    return state.loss_scale.scale(loss) if state.loss_scale else loss


def _sum_over_replicas(gradients: list[tf.Tensor | None]) -> list[tf.Tensor | None]:
    """Returns gradients summed over the replicas; None stays None."""
    known = [gradient for gradient in gradients if gradient is not None]
    context = tf.distribute.get_replica_context()
    summed = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, known))
    return [None if gradient is None else next(summed) for gradient in gradients]


def _update(
    state: TrainState, gradients: list[tf.Tensor | None], learning_rate: tf.Tensor
) -> None:
    """Updates the weights, unless the loss scale made a gradient infinite."""
    if state.loss_scale is None:
        state.optimizer.apply(gradients, learning_rate)
        return
    gradients = state.loss_scale.unscale(gradients)
    finite = loss_scale.are_all_finite(gradients)
    tf.cond(
        finite,
        lambda: state.optimizer.apply(gradients, learning_rate),
        lambda: None,
    )
    state.loss_scale.adjust(finite)
