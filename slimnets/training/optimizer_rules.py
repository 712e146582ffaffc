"""The update rules of optimizers: one variable's step, and the slots that it keeps.

Kernels and matrices are told by their two axes or more: weight decay, and the rates by
layer of LARS and LAMB, leave biases and batch norm's gamma and beta alone.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from slimnets.config.optimization import OptimizerConfig


class Update(NamedTuple):
    """What one variable's update takes; variable and slots are resource handles."""

    variable: tf.Tensor
    slots: list[tf.Tensor]
    powers: list[tf.Tensor]
    learning_rate: tf.Tensor
    gradient: tf.Tensor

    @property
    def is_of_kernel(self) -> bool:
        """Whether the variable is a kernel or a matrix, not a bias or of batch norm."""
        return self.gradient.shape.rank > 1

    def read(self) -> tf.Tensor:
        """Returns the variable's value."""
        return _read(self.variable, self.gradient.dtype)


def _read(handle: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    return tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype)


def assign(handle: tf.Tensor, value: tf.Tensor) -> None:
    """Gives a variable, of which this is the handle, a value."""
    tf.raw_ops.AssignVariableOp(resource=handle, value=value)


def _adadelta(config: OptimizerConfig, update: Update) -> None:
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


def _adagrad(config: OptimizerConfig, update: Update) -> None:
    (accumulator,) = update.slots
    tf.raw_ops.ResourceApplyAdagrad(
        var=update.variable,
        accum=accumulator,
        lr=update.learning_rate,
        grad=update.gradient,
    )


def _adam(config: OptimizerConfig, update: Update) -> None:
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


def _adamw(config: OptimizerConfig, update: Update) -> None:
    """Adam with decoupled weight decay: w -= learning_rate * decay * w.

    See arXiv:1711.05101, algorithm 2. Only matrices and kernels decay: like TF-Slim's
    L2 regularization, it leaves biases and batch norm's scales and offsets alone.
    """
    if update.is_of_kernel:
        value = update.read()
        decay = update.learning_rate * config.adamw_weight_decay
        assign(update.variable, value - decay * value)
    _adam(config, update)


def _ftrl(config: OptimizerConfig, update: Update) -> None:
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


def _lamb(config: OptimizerConfig, update: Update) -> None:
    """Adam whose step is as long as the weights are: arXiv:1904.00962, algorithm 2.

    Its phi is the identity. Biases and batch norm have Adam's step and no decay.
    """
    mean, variance = _move_moments(config, update)
    beta1_power, beta2_power = update.powers
    step = (mean / (1 - beta1_power)) / (
        tf.sqrt(variance / (1 - beta2_power)) + config.opt_epsilon
    )
    weights = update.read()
    if update.is_of_kernel:
        step += config.lamb_weight_decay * weights
        step *= _divide_norms(tf.norm(weights), tf.norm(step))
    assign(update.variable, weights - update.learning_rate * step)


def _move_moments(
    config: OptimizerConfig, update: Update
) -> tuple[tf.Tensor, tf.Tensor]:
    """Moves both of Adam's moments by a gradient, and returns them."""
    gradient = update.gradient
    moved = []
    for slot, beta, value in zip(
        update.slots,
        (config.adam_beta1, config.adam_beta2),
        (gradient, tf.square(gradient)),
        strict=True,
    ):
        moved.append(beta * _read(slot, gradient.dtype) + (1 - beta) * value)
        assign(slot, moved[-1])
    return moved[0], moved[1]


def _lars(config: OptimizerConfig, update: Update) -> None:
    """Momentum at a rate for each layer: arXiv:1708.03888, algorithm 1.

    Biases and batch norm have the global rate and no decay.
    """
    rate, gradient = update.learning_rate, update.gradient
    if update.is_of_kernel:
        weights, decay = update.read(), config.lars_weight_decay
        length = tf.norm(weights)
        ratio = _divide_norms(
            config.lars_coefficient * length, tf.norm(gradient) + decay * length
        )
        rate, gradient = rate * ratio, gradient + decay * weights
    (accumulator,) = update.slots
    tf.raw_ops.ResourceApplyMomentum(
        var=update.variable,
        accum=accumulator,
        lr=1.0,  # the paper's rate is inside of the momentum
        grad=rate * gradient,
        momentum=config.momentum,
    )


def _divide_norms(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Returns one / other; 1 where either is 0, as of weights that begin so."""
    known = (one > 0) & (other > 0)
    return tf.where(known, one / tf.where(known, other, 1.0), 1.0)


def _momentum(config: OptimizerConfig, update: Update) -> None:
    (accumulator,) = update.slots
    tf.raw_ops.ResourceApplyMomentum(
        var=update.variable,
        accum=accumulator,
        lr=update.learning_rate,
        grad=update.gradient,
        momentum=config.momentum,
        use_nesterov=config.use_nesterov,
    )


def _rmsprop(config: OptimizerConfig, update: Update) -> None:
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


def _sgd(config: OptimizerConfig, update: Update) -> None:
    tf.raw_ops.ResourceApplyGradientDescent(
        var=update.variable, alpha=update.learning_rate, delta=update.gradient
    )


def _adam_powers(config: OptimizerConfig) -> dict[str, float]:
    return {"beta1_power": config.adam_beta1, "beta2_power": config.adam_beta2}


class Rule(NamedTuple):
    """The update rule of an optimizer.

    Attributes:
      step: updates one variable and its slots.
      slot_name: of the slots in checkpoints.
      slots: their initial values.
      powers: the factor, by name, of each scalar that starts at its factor and is
        multiplied by it after each step, such as Adam's beta1_power.
    """

    step: Callable[[OptimizerConfig, Update], None]
    slot_name: str = ""
    slots: Callable[[OptimizerConfig], Sequence[float]] = lambda config: ()
    powers: Callable[[OptimizerConfig], dict[str, float]] = lambda config: {}


OPTIMIZERS: dict[str, Rule] = {
    "adadelta": Rule(_adadelta, "Adadelta", lambda config: (0.0, 0.0)),
    "adagrad": Rule(
        _adagrad,
        "Adagrad",
        lambda config: (config.adagrad_initial_accumulator_value,),
    ),
    "adam": Rule(_adam, "Adam", lambda config: (0.0, 0.0), _adam_powers),
    "adamw": Rule(_adamw, "AdamW", lambda config: (0.0, 0.0), _adam_powers),
    "ftrl": Rule(
        _ftrl,
        "Ftrl",
        lambda config: (config.ftrl_initial_accumulator_value, 0.0),
    ),
    "lamb": Rule(_lamb, "LAMB", lambda config: (0.0, 0.0), _adam_powers),
    "lars": Rule(_lars, "LARS", lambda config: (0.0,)),
    "momentum": Rule(_momentum, "Momentum", lambda config: (0.0,)),
    "rmsprop": Rule(_rmsprop, "RMSProp", lambda config: (1.0, 0.0)),
    "sgd": Rule(_sgd),
}
