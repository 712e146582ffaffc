"""Loss scaling, without which float16 loses small gradients.

Gradients below 6e-8 are zero in float16. Those of a loss multiplied by a large factor
are not; they are divided by it again in float32. A factor that is too large shows by
gradients that are not finite: such an update is left out and the factor halved. After
many good steps in a row it is tried twice as large. (Micikevicius et al., "Mixed
Precision Training", arXiv:1710.03740, section 3.2.)
"""

from collections.abc import Sequence

import tensorflow as tf

START = 2.0**15
STEPS_TO_GROW = 2000
MOST = 2.0**24  # more would gain nothing: the least of float16 is 2^-24
LEAST = 2.0**-10  # gradients that overflow even so are not finite by themselves

Gradients = Sequence[tf.Tensor | None]


class LossScale:
    """The factor, and how many good steps it has lasted.

    Each replica keeps its own. They stay alike, as all judge the same summed gradients.
    No checkpoint has it: a run that goes on finds it again within a few steps.
    """

    def __init__(self, start: float = START, steps_to_grow: int = STEPS_TO_GROW):
        """Makes the two variables; call it in the strategy's scope.

        Args:
          start: the first factor, a power of two, so that no gradient is rounded.
          steps_to_grow: good steps in a row after which it doubles.
        """
        self._steps_to_grow = steps_to_grow
        self._factor = _by_replica(start, tf.float32, "loss_scale")
        self._good_steps = _by_replica(0, tf.int64, "good_steps")

    @property
    def value(self) -> tf.Tensor:
        """The factor, a float32 scalar; in a replica its own, outside the first's."""
        return self._factor.read_value()

    def scale(self, loss: tf.Tensor) -> tf.Tensor:
        """Returns the loss to differentiate, float32."""
        return loss * self._factor

    def unscale(self, gradients: Gradients) -> list[tf.Tensor | None]:
        """Returns the gradients, float32, of the loss as it was before `scale`."""
        factor = self.value
        return [None if each is None else each / factor for each in gradients]

    def follow(self, good: tf.Tensor) -> None:
        """Halves or doubles the factor where it is time to; call it in each replica.

        Args:
          good: bool scalar: whether this step's gradients were finite.
        """
        good_steps = tf.where(good, self._good_steps + 1, 0)
        grows = good_steps >= self._steps_to_grow
        grown = tf.where(grows, tf.minimum(2 * self._factor, MOST), self._factor)
        self._factor.assign(tf.where(good, grown, self._factor / 2))
        self._good_steps.assign(tf.where(grows, tf.zeros_like(good_steps), good_steps))


def all_finite(gradients: Gradients) -> tf.Tensor:
    """Returns whether every number in the gradients is finite, a bool scalar."""
    known = [each for each in gradients if each is not None]
    finite = [tf.reduce_all(tf.math.is_finite(each)) for each in known]
    return tf.reduce_all(finite) if finite else tf.constant(True)


def _by_replica(start: float, dtype: tf.DType, name: str) -> tf.Variable:
    return tf.Variable(
        start,
        dtype=dtype,
        trainable=False,
        name=name,
        # Written in each replica without a meeting of them all.
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )
