"""Dynamic loss scaling, without which float16 loses small gradients.

Gradients below 6e-8 are zero in float16. Those of a loss multiplied by a large scale
are not; they are divided by it again in float32. A scale that is too large makes
gradients infinite: that update is skipped and the scale halved. After many finite steps
in a row it is doubled. (Micikevicius et al., "Mixed Precision Training",
arXiv:1710.03740, section 3.2.)
"""

from collections.abc import Sequence

import tensorflow as tf

from slimnets import checkpoints

START = 2.0**15
STEPS_TO_GROW = 2000
MOST = 2.0**24  # more would gain nothing: float16's smallest number is 2^-24
LEAST = 2.0**-10  # gradients that overflow even here do so without a scale, too

Gradients = Sequence[tf.Tensor | None]


class LossScale:
    """The scale, and how many steps in a row had finite gradients.

    Each replica keeps its own. They stay alike, as all see the same summed gradients.

    Attributes:
      variables: both by checkpoint name, TensorFlow 1's.
    """

    def __init__(self, start: float = START, steps_to_grow: int = STEPS_TO_GROW):
        """Makes the two variables; call it in the strategy's scope.

        Args:
          start: the first scale, a power of two, so that no gradient is rounded.
          steps_to_grow: finite steps in a row after which it doubles.
        """
        self._steps_to_grow = steps_to_grow
        self._scale = _make_replica_variable(start, tf.float32, "loss_scale")
        self._finite_steps = _make_replica_variable(0, tf.int64, "finite_steps")
        self.variables = dict(
            zip(checkpoints.LOSS_SCALE, (self._scale, self._finite_steps), strict=True)
        )

    @property
    def value(self) -> tf.Tensor:
        """The scale, a float32 scalar; in a replica its own, outside the first's."""
        return self._scale.read_value()

    def scale(self, loss: tf.Tensor) -> tf.Tensor:
        """Returns the scaled loss to differentiate, float32."""
        return loss * self._scale

    def unscale(self, gradients: Gradients) -> list[tf.Tensor | None]:
        """Returns the gradients, float32, of the loss as it was before `scale`."""
        scale = self.value
        return [None if each is None else each / scale for each in gradients]

    def adjust(self, finite: tf.Tensor) -> None:
        """Halves the scale, or doubles it when it is due; call it in each replica.

        Args:
          finite: bool scalar: whether this step's gradients were.
        """
        finite_steps = tf.where(finite, self._finite_steps + 1, 0)
        grows = finite_steps >= self._steps_to_grow
        grown = tf.where(grows, tf.minimum(2 * self._scale, MOST), self._scale)
        self._scale.assign(tf.where(finite, grown, self._scale / 2))
        self._finite_steps.assign(
            tf.where(grows, tf.zeros_like(finite_steps), finite_steps)
        )


def are_all_finite(gradients: Gradients) -> tf.Tensor:
    """Returns whether every number in the gradients is finite, a bool scalar."""
    known = [each for each in gradients if each is not None]
    finite = [tf.reduce_all(tf.math.is_finite(each)) for each in known]
    return tf.reduce_all(finite) if finite else tf.constant(True)


def _make_replica_variable(start: float, dtype: tf.DType, name: str) -> tf.Variable:
    return tf.Variable(
        start,
        dtype=dtype,
        trainable=False,
        name=name,
        # Written in each replica without synchronizing them.
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )
