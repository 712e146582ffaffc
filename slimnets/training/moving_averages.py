"""Exponential moving averages of variables, kept beside them in the checkpoint."""

from collections.abc import Mapping

import tensorflow as tf

from slimnets import checkpoints


def compute_early_decay(step: tf.Tensor | tf.Variable) -> tf.Tensor:
    """Returns (1 + step) / (10 + step), the limit of a moving average's decay.

    A larger decay would keep an early average close to its initial value.

    Args:
      step: int64 scalar, the number of steps done.
    """
    step = tf.cast(step, tf.float32)
    return (1 + step) / (10 + step)


class MovingAverages:
    """Exponential moving averages (EMA) of a model's variables, batch norm's included.

    TF-Slim's rule: average <- d * average + (1 - d) * variable at each step, where
    d = min(decay, (1 + step) / (10 + step)), so that early averages follow quickly.

    Attributes:
      variables: each average under its checkpoint name,
        '<variable>/ExponentialMovingAverage'.
    """

    def __init__(self, averaged: Mapping[str, tf.Variable], decay: float):
        """Makes the averages; call it in the scope of the variables' strategy.

        Args:
          averaged: the variables by checkpoint name.
          decay: in [0, 1); 0.9999 is usual for long runs.
        """
        self._decay = decay
        self._averaged = dict(averaged)
        self.variables = {
            name + checkpoints.AVERAGE_SUFFIX: tf.Variable(
                variable.read_value(),
                trainable=False,
                name=name + checkpoints.AVERAGE_SUFFIX,
                # Each replica keeps its own, so that updates need no communication.
                synchronization=tf.VariableSynchronization.ON_READ,
                aggregation=tf.VariableAggregation.MEAN,
            )
            for name, variable in self._averaged.items()
        }

    def reset(self) -> None:
        """Sets the averages to the variables' present values."""
        for average, variable in self._pairs():
            average.assign(variable.read_value())

    def update(self, step: tf.Tensor, start: int = 0) -> None:
        """Updates the averages by one step; call it in each replica.

        Args:
          step: int64 scalar, the number of steps done before this one.
          start: the number of steps over which the averages are the variables' own
            values, and from which on `step` counts in the rule.
        """
        counted = step - start if start else step
        decay = tf.minimum(self._decay, compute_early_decay(counted))
        for average, variable in self._pairs():
            change = (average - variable) * (1 - decay)
            if start:  # rounded, a decay of 0 would miss the variable by a bit
                average.assign(tf.where(step < start, variable, average - change))
            else:
                average.assign_sub(change)

    def _pairs(self) -> list[tuple[tf.Variable, tf.Variable]]:
        return list(zip(self.variables.values(), self._averaged.values(), strict=True))
