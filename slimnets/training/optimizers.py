"""TF-Slim's optimizers, AdamW, LAMB and LARS; most over TensorFlow's own kernels.

An optimizer's slots bear the names that TensorFlow 1 gave them in checkpoints, so
training resumes from a TF-Slim checkpoint, and TF-Slim's from ours. The kernels act on
the replica's own copy of a variable: inside `strategy.run` each replica applies the
same, already reduced, gradients to its copy, and no replica waits for another.
"""

from collections.abc import Sequence

import tensorflow as tf

from slimnets import errors
from slimnets.config.optimization import OptimizerConfig
from slimnets.training.optimizer_rules import OPTIMIZERS, Update, assign


class Optimizer:
    """Slots for some variables, and the step that updates both.

    Attributes:
      variables: slots by checkpoint name, `<variable>/<slot>` and
        `<variable>/<slot>_1`; Adam's, AdamW's and LAMB's also `beta1_power` and
        `beta2_power`.
    """

    def __init__(
        self,
        config: OptimizerConfig,
        variables: Sequence[tf.Variable],
        names: Sequence[str],
        rate_scales: Sequence[float] | None = None,
    ) -> None:
        """Creates the slots: call it in the strategy's scope, before the first step.

        Args:
          config: which optimizer, and its constants.
          variables: float32, the trainable ones.
          names: of the variables in checkpoints, one for one.
          rate_scales: by which each one's learning rate is multiplied; None for 1.
        """
        self._config = config
        self._rule = OPTIMIZERS[config.optimizer]
        self._trainable = list(variables)
        self._rate_scales = list(rate_scales or [1.0] * len(self._trainable))
        self.variables: dict[str, tf.Variable] = {}
        self._slots = [
            self._make_slots(variable, name)
            for variable, name in zip(variables, names, strict=True)
        ]
        self._powers: list[tf.Variable] = []
        self._factors = self._rule.powers(config)
        for name, factor in self._factors.items():
            power = tf.Variable(factor, trainable=False, dtype=tf.float32, name=name)
            self._powers.append(power)
            self.variables[name] = power

    def apply(
        self,
        gradients: Sequence[tf.Tensor | tf.IndexedSlices | None],
        learning_rate: tf.Tensor | float,
    ) -> None:
        """Updates the variables and their slots; in `strategy.run`, on every replica.

        Args:
          gradients: one for each of the variables, already summed over the replicas. A
            variable whose gradient is None stays as it is, and so do its slots.
          learning_rate: float32 scalar.

        Raises:
          InputError: every gradient is None.
        """
        if all(gradient is None for gradient in gradients):
            raise errors.InputError(
                "no variable has a gradient: the loss depends on none that is trained"
            )
        powers = [tf.convert_to_tensor(power) for power in self._powers]
        rate = tf.convert_to_tensor(learning_rate)
        for variable, slots, gradient, scale in zip(
            self._trainable, self._slots, gradients, self._rate_scales, strict=True
        ):
            if gradient is not None:
                self._rule.step(
                    self._config,
                    Update(
                        variable=variable.handle,
                        slots=[slot.handle for slot in slots],
                        powers=powers,
                        learning_rate=rate if scale == 1 else scale * rate,
                        gradient=tf.convert_to_tensor(gradient),
                    ),
                )
        for variable, power, factor in zip(
            self._powers, powers, self._factors.values(), strict=True
        ):
            assign(variable.handle, power * factor)

    def _make_slots(self, variable: tf.Variable, name: str) -> list[tf.Variable]:
        slots = []
        for i, value in enumerate(self._rule.slots(self._config)):
            slot_name = f"{name}/{self._rule.slot_name}" + (f"_{i}" if i else "")
            extended = tf.distribute.get_strategy().extended
            with extended.colocate_vars_with(variable):
                slot = tf.Variable(
                    tf.fill(variable.shape, value), trainable=False, name=slot_name
                )
            slots.append(slot)
            self.variables[slot_name] = slot
        return slots
