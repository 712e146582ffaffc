"""One training step: forward, backward, the sum over the replicas, the update."""

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import random_numbers
from slimnets.config import durations
from slimnets.config.train import TrainConfig
from slimnets.layers.block_runs import Recomputation
from slimnets.layers.computation import Computation, computing
from slimnets.training import loss_scale, losses, schedules
from slimnets.training.gradients import (
    Gradients,
    clip,
    list_scalars,
    sum_over_replicas,
)
from slimnets.training.microbatches import Pass, sum_passes
from slimnets.training.moving_averages import compute_early_decay
from slimnets.training.state import TrainState


class StepResult(NamedTuple):
    """What a step reports, over all replicas together.

    Attributes:
      losses: parts of the loss.
      accuracy: top-1 accuracy on the batch, in [0, 1].
      learning_rate: used in the step.
      scalars: what else is worth a summary, by name; see `gradients.clip`.
    """

    losses: losses.Losses
    accuracy: tf.Tensor
    learning_rate: tf.Tensor
    scalars: dict[str, tf.Tensor]


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
    averages_start = durations.count_steps(
        config.averaging.moving_average_start, num_examples, batch_size
    )
    compute = _make_pass(config, state, replicas, class_weights)

    def replica_step(
        images: tf.Tensor, labels: tf.Tensor, learning_rate: tf.Tensor
    ) -> tuple[losses.Losses, tf.Tensor, dict[str, tf.Tensor]]:
        parts, right, gradients = compute(images, labels)
        scalars = _update(config, state, sum_over_replicas(gradients), learning_rate)
        if config.run.seed is not None and replicas > 1:
            _average_over_replicas(state)
        if state.averages:
            state.averages.update(state.global_step, averages_start)
        alike = {name: scalar / replicas for name, scalar in scalars.items()}
        return parts, right / batch_size, alike

    # Autograph would rewrite every builder's Python, at 20 times the cost.
    @tf.function(autograph=False)
    def step(images: Any, labels: Any) -> StepResult:
        rate = schedules.compute_learning_rate(schedule, state.global_step)
        if state.rate_factor is not None:
            rate *= state.rate_factor
        shares = strategy.run(replica_step, args=(images, labels, rate))
        parts, accuracy, scalars = tf.nest.map_structure(
            lambda share: strategy.reduce(tf.distribute.ReduceOp.SUM, share, axis=None),
            shares,
        )
        state.global_step.assign_add(1)
        return StepResult(parts, accuracy, rate, scalars)

    if config.run.steps_per_call == 1:
        return lambda batch, count=1: step(*batch)
    several = _make_several(strategy, step, list_scalars(config.gradients))
    return lambda batch, count=1: several(*batch, count=tf.constant(count))


def _make_several(
    strategy: tf.distribute.Strategy,
    step: Callable[[Any, Any], StepResult],
    scalars: Sequence[str],
) -> TrainStep:
    """Returns the function that takes a step on each of `count` stacked batches.

    `scalars` are the names of those that the result of a step has.
    """

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
        zeros = {name: tf.zeros([]) for name in scalars}
        first = StepResult(nothing, tf.zeros([]), tf.zeros([]), zeros)
        return tf.while_loop(is_left, take, (tf.constant(0), first))[1]

    return steps


def _make_pass(
    config: TrainConfig,
    state: TrainState,
    replicas: int,
    class_weights: Sequence[float] | None,
) -> Callable[[tf.Tensor, tf.Tensor], Pass]:
    """Returns the function from a replica's images and labels to its gradients."""
    trained = list(state.trained.values())
    parts = config.gradients.num_microbatches
    shares = replicas * parts

    def compute(
        images: tf.Tensor, labels: tf.Tensor, part: tf.Tensor | int = 0
    ) -> Pass:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trained)
            computation = _computation(config, state, trained)
            with computing(computation), _draw_by_step(config, state, part):
                logits, end_points = state.model(images, is_training=True)
            if computation.recomputation is not None:
                computation.recomputation.require_blocks()
            l2 = state.model.regularization_loss(config.gradients.decay_kernels_only)
            shared = losses.compute(
                config.losses,
                logits,
                end_points,
                labels,
                [l2],
                global_batch_size=config.data.known_batch_size,
                num_replicas=shares,
                class_weights=class_weights,
            )
            loss = _scale_loss(shared.total, state)
        gradients = tape.gradient(loss, trained)
        return Pass(shared, losses.count_right(logits, labels), gradients)

    if parts == 1:
        return compute
    return lambda images, labels: sum_passes(compute, images, labels, parts, trained)


def _computation(
    config: TrainConfig, state: TrainState, trained: Sequence[tf.Variable]
) -> Computation:
    """Returns how the layers compute in one call of the network."""
    limit = (
        compute_early_decay(state.global_step)
        if config.adapt_batch_norm_decay
        else None
    )
    way = (
        state.model.choose_computation(is_training=True)
        if state.quantization is None
        else Computation(quantization=state.quantization)
    )
    return dataclasses.replace(
        way,
        batch_norm_decay_limit=limit,
        frozen_batch_norm=config.freezing.freeze_batch_norm,
        sync_batch_norm=config.run.sync_batch_norm,
        recomputation=Recomputation(trained) if config.recompute_gradients else None,
    )


def _draw_by_step(
    config: TrainConfig, state: TrainState, part: tf.Tensor | int
) -> contextlib.AbstractContextManager[None]:
    """Lets a seed and the step alone decide what layers draw for a batch.

    A part of a replica's share, or all of it, gets its part of what one device would
    draw for the batch.
    """
    if config.run.seed is None:
        return contextlib.nullcontext()
    context = tf.distribute.get_replica_context()
    replica = tf.cast(context.replica_id_in_sync_group, tf.int64)
    parts = config.gradients.num_microbatches
    stream = random_numbers.hash_seed("layers", config.run.seed)
    return random_numbers.keyed(
        tf.stack([stream, state.global_step]),
        share=replica * parts + part
        if context.num_replicas_in_sync * parts > 1
        else None,
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


def _update(
    config: TrainConfig,
    state: TrainState,
    gradients: Gradients,
    learning_rate: tf.Tensor,
) -> dict[str, tf.Tensor]:
    """Updates the weights, unless the loss scale made a gradient infinite.

    Returns:
      What is worth a summary.
    """
    if state.loss_scale is None:
        clipped, scalars = clip(config.gradients, gradients)
        state.optimizer.apply(clipped, learning_rate)
        return scalars
    gradients = state.loss_scale.unscale(gradients)
    finite = loss_scale.are_all_finite(gradients)
    clipped, scalars = clip(config.gradients, gradients)
    tf.cond(
        finite,
        lambda: state.optimizer.apply(clipped, learning_rate),
        lambda: None,
    )
    state.loss_scale.adjust(finite)
    return scalars
