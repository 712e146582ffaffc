"""Gradients on their way to the optimizer: summed over the replicas, and clipped."""

from collections.abc import Sequence

import tensorflow as tf

from slimnets.config.optimization import GradientConfig

Gradients = list[tf.Tensor | None]


def sum_over_replicas(
    gradients: Sequence[tf.Tensor | tf.IndexedSlices | None],
) -> Gradients:
    """Returns gradients summed over the replicas; None stays None."""
    known = [gradient for gradient in gradients if gradient is not None]
    context = tf.distribute.get_replica_context()
    summed = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, known))
    return [None if gradient is None else next(summed) for gradient in gradients]


def clip(
    config: GradientConfig, gradients: Gradients
) -> tuple[Gradients, dict[str, tf.Tensor]]:
    """Limits gradients as the settings say.

    Args:
      config: no limit, one of their common norm, or one of each value.
      gradients: of the whole loss, summed over the replicas and without a loss scale:
        so each replica finds the same norm.

    Returns:
      The gradients, and what is worth a summary: `gradient_norm`, before it was
      limited, where it had to be known.
    """
    if config.clip_gradient_norm:
        clipped, norm = tf.clip_by_global_norm(gradients, config.clip_gradient_norm)
        return clipped, {"gradient_norm": norm}
    limit = config.clip_gradient_value
    if limit:
        gradients = [
            None if each is None else tf.clip_by_value(each, -limit, limit)
            for each in gradients
        ]
    return gradients, {}


def list_scalars(config: GradientConfig) -> list[str]:
    """Returns the names of what `clip` has for summaries."""
    return ["gradient_norm"] if config.clip_gradient_norm else []
