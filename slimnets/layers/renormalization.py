"""Batch renormalization (Ioffe, arXiv:1702.03275): averages in training, too.

Training corrects what it normalized by the batch's moments to what the averages would
have given, `x * r + d`; no gradient flows through r and d. Evaluation needs none of it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf
import tf_slim

from slimnets.layers import averages, recomputation, scoping
from slimnets.layers.folding import Parameters

Pair = tuple[tf.Tensor, tf.Tensor]
Adjustment = Callable[[tf.Tensor], Pair]

_BOUNDS = ("rmin", "rmax", "dmax")


class Renormalization(NamedTuple):
    """The averages that training normalizes by, and how they move.

    Attributes:
      moving_stddev: [channels], what the moving variance is the square of.
      renorm_mean: [channels].
      renorm_stddev: [channels].
      epsilon: of the batch norm.
      clipping: bounds of r and d: 'rmin', 'rmax', 'dmax', those given.
      decay: of renorm_mean and renorm_stddev, in [0, 1].
    """

    moving_stddev: tf.Variable
    renorm_mean: tf.Variable
    renorm_stddev: tf.Variable
    epsilon: float
    clipping: dict[str, Any]
    decay: float

    def correct(
        self, mean: tf.Tensor, variance: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns r, d, and the moments, which are there once r and d are.

        Args:
          mean: of the batch, [channels].
          variance: of the batch, [channels].
        """
        r, d = tf.unstack(
            recomputation.once(lambda: tf.stack(self._corrections(mean, variance)))
        )
        # Updates use these moments, and r and d the averages before the update.
        with tf.control_dependencies([r, d]):
            return r, d, tf.identity(mean), tf.identity(variance)

    def _corrections(self, mean: tf.Tensor, variance: tf.Tensor) -> Pair:
        least = tf.cast(self.epsilon, mean.dtype) ** 0.5
        stddev = tf.maximum(self.renorm_stddev, least)
        r = tf.sqrt(variance + self.epsilon) / stddev
        d = (mean - self.renorm_mean) / stddev
        rmin, rmax, dmax = (self.clipping.get(bound) for bound in _BOUNDS)
        if rmin is not None:
            r = tf.maximum(r, tf.cast(rmin, r.dtype))
        if rmax is not None:
            r = tf.minimum(r, tf.cast(rmax, r.dtype))
        if dmax is not None:
            dmax = tf.cast(dmax, d.dtype)
            d = tf.minimum(tf.maximum(d, -dmax), dmax)
        return tf.stop_gradient(r), tf.stop_gradient(d)

    def update(self, mean: tf.Tensor, variance: tf.Tensor) -> list[tf.Tensor]:
        """Moves the averages that training normalizes by."""
        stddev = tf.sqrt(variance + self.epsilon)
        return [
            averages.update(self.renorm_mean, mean, self.decay),
            averages.update(self.renorm_stddev, stddev, self.decay),
        ]

    def update_variance(
        self, moving_variance: tf.Variable, variance: tf.Tensor, decay: float
    ) -> tf.Tensor:
        """Moves the average deviation, and sets the moving variance to its square."""
        stddev = tf.sqrt(variance + self.epsilon)
        moved = averages.update(self.moving_stddev, stddev, decay)
        # Rounding may take the difference below zero.
        return moving_variance.assign(tf.nn.relu(tf.square(moved) - self.epsilon))


def make(
    parameters: Parameters,
    initializers: dict[str, Any],
    epsilon: float,
    clipping: dict[str, Any],
    decay: float,
    variables_collections: Any,
) -> Renormalization:
    """Makes or finds the variables of renormalization, in the layer's scope.

    Args:
      parameters: of the batch norm.
      initializers: of 'moving_mean' and 'moving_variance', those given; the averages
        here begin as those do.
      epsilon: of the batch norm.
      clipping: bounds of the corrections: 'rmin', 'rmax', 'dmax', those given.
      decay: of the averages that training normalizes by.
      variables_collections: collections of the variables: a list, or a dict by name.

    Raises:
      ValueError: clipping has another key.
    """
    unknown = sorted(set(clipping) - set(_BOUNDS))
    if unknown:
        raise ValueError(f"renorm_clipping has rmin, rmax and dmax, not {unknown}.")
    moving_mean = parameters.moving_mean
    zeros = tf.compat.v1.zeros_initializer()
    start = initializers.get("moving_variance", tf.compat.v1.ones_initializer())

    def start_deviation(*arguments: Any, **options: Any) -> tf.Tensor:
        return tf.sqrt(start(*arguments, **options))

    def variable(name: str, initializer: Any) -> tf.Variable:
        return tf_slim.model_variable(
            name,
            shape=moving_mean.shape,
            dtype=moving_mean.dtype.base_dtype,
            initializer=initializer,
            collections=scoping.select_collections(variables_collections, name),
            **averages.KEPT_BY_REPLICA,
        )

    return Renormalization(
        variable("moving_stddev", start_deviation),
        variable("renorm_mean", initializers.get("moving_mean", zeros)),
        variable("renorm_stddev", start_deviation),
        epsilon,
        clipping,
        decay,
    )


def compose(first: Pair, scale: tf.Tensor | None, offset: tf.Tensor | None) -> Pair:
    """Returns one scale and offset that do what two after each other would.

    Args:
      first: scale and offset that come first.
      scale: of the second; None for 1.
      offset: of the second; None for 0.
    """
    composed_scale, composed_offset = first
    if scale is not None:
        composed_scale, composed_offset = (
            composed_scale * scale,
            composed_offset * scale,
        )
    if offset is not None:
        composed_offset += offset
    return composed_scale, composed_offset
