"""What settings do that their user may not expect: a line each, before training."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from slimnets.config.train import TrainConfig
from slimnets.training import schedules
from slimnets.training.state import TrainState

_OF_ADAMS_KIND = {"adam": "1e-8", "adamw": "1e-8", "lamb": "1e-6"}  # usual epsilon


def list_notices(config: TrainConfig, state: TrainState) -> Iterator[str]:
    """Yields the lines.

    Args:
      config: all settings, with the batch size known.
      state: of the network that they make.
    """
    yield from _of_epsilon(config)
    yield from _of_learning_rate(config)
    yield from _of_layer_decay(config, state)
    yield from _of_microbatches(config, state)
    yield from _of_frozen_batch_norm(config, state)
    yield from _of_folded_batch_norm(config, state)


def _of_epsilon(config: TrainConfig) -> Iterator[str]:
    """Research/slim's trap: its default of rmsprop's epsilon is adam's, too."""
    optimizer, epsilon = config.optimization.optimizer, config.optimization.opt_epsilon
    if optimizer in _OF_ADAMS_KIND and epsilon >= 1:
        yield (
            f"--opt_epsilon={epsilon:g} with --optimizer={optimizer}: TF-Slim's"
            " default, meant for rmsprop, makes steps smaller by orders of magnitude;"
            " give"
            f" --opt_epsilon={_OF_ADAMS_KIND[optimizer]} unless that is meant"
        )


def _of_learning_rate(config: TrainConfig) -> Iterator[str]:
    given, size = config.learning_rate, config.data.known_batch_size
    scale = schedules.compute_rate_scale(given, size)
    if given.scale_learning_rate:
        yield (
            f"--scale_learning_rate: {given.learning_rate:g} for"
            f" {schedules.BASE_BATCH_SIZE} images is"
            f" {scale * given.learning_rate:g} for --batch_size={size}"
        )


def _of_layer_decay(config: TrainConfig, state: TrainState) -> Iterator[str]:
    decay, scales = config.learning_rate.layer_decay, state.rate_scales
    if decay < 1:
        least, most = (f(scales, key=scales.__getitem__) for f in (min, max))
        yield (
            f"--layer_decay={decay:g}: the learning rate is multiplied by"
            f" {scales[least]:.3g} for {least} to {scales[most]:.3g} for {most}"
        )


def _of_microbatches(config: TrainConfig, state: TrainState) -> Iterator[str]:
    parts, size = config.gradients.num_microbatches, config.data.known_batch_size
    sees_parts = state.has_batch_norm and not config.freezing.freeze_batch_norm
    if parts > 1 and sees_parts:
        part = size // (parts * state.num_replicas)
        yield (
            f"--num_microbatches={parts}: batch norm normalizes by the moments of"
            f" {part} images at a time, not by those of the batch"
        )


def _of_frozen_batch_norm(config: TrainConfig, state: TrainState) -> Iterator[str]:
    is_new = state.step == 0 and not config.fine_tuning.checkpoint_path
    if config.freezing.freeze_batch_norm and is_new:
        yield (
            "--freeze_batch_norm without --checkpoint_path: the averages are those of a"
            " new network, 0 and 1, so batch norm normalizes nothing"
        )


def _of_folded_batch_norm(config: TrainConfig, state: TrainState) -> Iterator[str]:
    """Weights whose batch norm a converter folded compute otherwise in training."""
    given = config.fine_tuning.checkpoint_path
    is_new = state.step == 0 and bool(given)
    if config.freezing.freeze_batch_norm or not (is_new and state.has_batch_norm):
        return
    if not any(np.any(mean.numpy()) for mean in _list_moving_means(state)):
        yield (
            f"{given} has a mean of 0 in every batch norm, as where it was folded into"
            " the weights: training normalizes by other moments than these weights are"
            " made for. `slimnets checkpoints unfold` gives it moments;"
            " --freeze_batch_norm does without"
        )


def _list_moving_means(state: TrainState) -> list[tf.Variable]:
    return [
        variable
        for name, variable in state.model.variables_by_name.items()
        if name.endswith("/moving_mean")
    ]
