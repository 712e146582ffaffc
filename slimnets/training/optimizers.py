"""TF-Slim's optimizers, and AdamW, over TensorFlow's own update kernels.

An optimizer's slots bear the names that TensorFlow 1 gave them in checkpoints, so
training resumes from a TF-Slim checkpoint, and TF-Slim's from ours. The kernels act on
the replica's own copy of a variable: inside `strategy.run` each replica applies the
same, already reduced, gradients to its copy, and no replica waits for another.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from slimnets import errors
from slimnets.config.optimization import OptimizerConfig


class Optimizer:
    """Slots for some variables, and the step that updates both.

    Attributes:
      variables: slots by checkpoint name, `<variable>/<slot>` and
        `<variable>/<slot>_1`; Adam's and AdamW's also `beta1_power` and `beta2_power`.
    """

    def __init__(
        self,
        config: OptimizerConfig,
        variables: Sequence[tf.Variable],
        names: Sequence[str],
    ) -> None:
        """Creates the slots: call it in the strategy's scope, before the first step.

        Args:
          config: which optimizer, and its constants.
          variables: float32, the trainable ones.
          names: of the variables in checkpoints, one for one.
        """
        self._config = config
        self._rule = OPTIMIZERS[config.optimizer]
        self._trainable = list(variables)
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
        for variable, slots, gradient in zip(
            self._trainable, self._slots, gradients, strict=True
        ):
            if gradient is not None:
                self._rule.step(
                    self._config,
                    _Update(
                        variable=variable.handle,
                        slots=[slot.handle for slot in slots],
                        powers=powers,
                        learning_rate=tf.convert_to_tensor(learning_rate),
                        gradient=tf.convert_to_tensor(gradient),
                    ),
                )
        for variable, power, factor in zip(
            self._powers, powers, self._factors.values(), strict=True
        ):
            _assign(variable.handle, power * factor)

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


class _Update(NamedTuple):
    """What one variable's update takes; variable and slots are resource handles."""

    variable: tf.Tensor
    slots: list[tf.Tensor]
    powers: list[tf.Tensor]
    learning_rate: tf.Tensor
    gradient: tf.Tensor


def _assign(handle: tf.Tensor, value: tf.Tensor) -> None:
    tf.raw_ops.AssignVariableOp(resource=handle, value=value)


def _adadelta(config: OptimizerConfig, update: _Update) -> None:
    accumulator, accumulator_of_updates = update.slots
    tf.raw_ops.ResourceApplyAdadelta(
        var=update.variable,
        accum=accumulator,
        accum_update=accumulator_of_updates,
        lr=update.learning_rate,
        rho=config.adadelta_rho,
        epsilon=config.opt_epsilon,
        grad=update.gradient,
    )


def _adagrad(config: OptimizerConfig, update: _Update) -> None:
    (accumulator,) = update.slots
    tf.raw_ops.ResourceApplyAdagrad(
        var=update.variable,
        accum=accumulator,
        lr=update.learning_rate,
        grad=update.gradient,
    )


def _adam(config: OptimizerConfig, update: _Update) -> None:
    mean, variance = update.slots
    beta1_power, beta2_power = update.powers
    tf.raw_ops.ResourceApplyAdam(
        var=update.variable,
        m=mean,
        v=variance,
        beta1_power=beta1_power,
        beta2_power=beta2_power,
        lr=update.learning_rate,
        beta1=config.adam_beta1,
        beta2=config.adam_beta2,
        epsilon=config.opt_epsilon,
        grad=update.gradient,
    )


def _adamw(config: OptimizerConfig, update: _Update) -> None:
    """Adam with decoupled weight decay: w -= learning_rate * decay * w.

    See arXiv:1711.05101, algorithm 2. Only matrices and kernels decay: like TF-Slim's
    L2 regularization, it leaves biases and batch norm's scales and offsets alone.
    """
    if update.gradient.shape.rank > 1:
        value = tf.raw_ops.ReadVariableOp(
            resource=update.variable, dtype=update.gradient.dtype
        )
        decay = update.learning_rate * config.adamw_weight_decay
        _assign(update.variable, value - decay * value)
    _adam(config, update)


def _ftrl(config: OptimizerConfig, update: _Update) -> None:
    accumulator, linear = update.slots
    tf.raw_ops.ResourceApplyFtrl(
        var=update.variable,
        accum=accumulator,
        linear=linear,
        grad=update.gradient,
        lr=update.learning_rate,
        l1=config.ftrl_l1,
        l2=config.ftrl_l2,
        lr_power=config.ftrl_learning_rate_power,
    )


def _momentum(config: OptimizerConfig, update: _Update) -> None:
    (accumulator,) = update.slots
    tf.raw_ops.ResourceApplyMomentum(
        var=update.variable,
        accum=accumulator,
        lr=update.learning_rate,
        grad=update.gradient,
        momentum=config.momentum,
        use_nesterov=config.use_nesterov,
    )


def _rmsprop(config: OptimizerConfig, update: _Update) -> None:
    mean_square, momentum = update.slots
    tf.raw_ops.ResourceApplyRMSProp(
        var=update.variable,
        ms=mean_square,
        mom=momentum,
        lr=update.learning_rate,
        rho=config.rmsprop_decay,
        momentum=config.rmsprop_momentum,
        epsilon=config.opt_epsilon,
        grad=update.gradient,
    )


def _sgd(config: OptimizerConfig, update: _Update) -> None:
    tf.raw_ops.ResourceApplyGradientDescent(
        var=update.variable, alpha=update.learning_rate, delta=update.gradient
    )


def _adam_powers(config: OptimizerConfig) -> dict[str, float]:
    return {"beta1_power": config.adam_beta1, "beta2_power": config.adam_beta2}


class _Rule(NamedTuple):
    """The update rule of an optimizer.

    Attributes:
      step: updates one variable and its slots.
      slot_name: of the slots in checkpoints.
      slots: their initial values.
      powers: the factor, by name, of each scalar that starts at its factor and is
        multiplied by it after each step, such as Adam's beta1_power.
    """

    step: Callable[[OptimizerConfig, _Update], None]
    slot_name: str = ""
    slots: Callable[[OptimizerConfig], Sequence[float]] = lambda config: ()
    powers: Callable[[OptimizerConfig], dict[str, float]] = lambda config: {}


OPTIMIZERS: dict[str, _Rule] = {
    "adadelta": _Rule(_adadelta, "Adadelta", lambda config: (0.0, 0.0)),
    "adagrad": _Rule(
        _adagrad,
        "Adagrad",
        lambda config: (config.adagrad_initial_accumulator_value,),
    ),
    "adam": _Rule(_adam, "Adam", lambda config: (0.0, 0.0), _adam_powers),
    "adamw": _Rule(_adamw, "AdamW", lambda config: (0.0, 0.0), _adam_powers),
    "ftrl": _Rule(
        _ftrl,
        "Ftrl",
        lambda config: (config.ftrl_initial_accumulator_value, 0.0),
    ),
    "momentum": _Rule(_momentum, "Momentum", lambda config: (0.0,)),
    "rmsprop": _Rule(_rmsprop, "RMSProp", lambda config: (1.0, 0.0)),
    "sgd": _Rule(_sgd),
}
