"""The settings of the optimizer and its learning rate.

The defaults are research/slim's.
"""

import dataclasses

from slimnets.config import choices
from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class LearningRateConfig:
    """The learning rate over a run, in epochs; training.schedules has it in steps."""

    learning_rate_decay_type: str = setting(
        "exponential",
        "Schedule by which the learning rate decays.",
        choices=choices.SCHEDULES,
        common=True,
    )
    learning_rate: float = setting(
        0.01, "Learning rate before it decays.", lowest=0, common=True
    )
    end_learning_rate: float = setting(
        0.0001, "Learning rate at the end of polynomial and cosine decay.", lowest=0
    )
    learning_rate_decay_factor: float = setting(
        0.94,
        "Factor of exponential decay, applied every num_epochs_per_decay.",
        lowest=0,
    )
    num_epochs_per_decay: float = setting(
        2.0,
        "Epochs from one exponential decay to the next, or to the end of polynomial"
        " decay.",
        above=0,
    )
    warmup_epochs: float = setting(
        0.0,
        "Epochs of linear warmup, over which the learning rate rises from 0.",
        lowest=0,
    )


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """Which optimizer, and its constants. The defaults are TF-Slim's."""

    optimizer: str = setting(
        "rmsprop",
        "How gradients change the weights.",
        choices=choices.OPTIMIZERS,
        common=True,
    )
    adadelta_rho: float = setting(
        0.95, "Decay of adadelta's averages, in [0, 1).", lowest=0, below=1
    )
    adagrad_initial_accumulator_value: float = setting(
        0.1, "Initial value of adagrad's sum of squared gradients, > 0.", above=0
    )
    adam_beta1: float = setting(
        0.9,
        "Decay of the first moment of gradients, for adam and adamw, in [0, 1).",
        lowest=0,
        below=1,
    )
    adam_beta2: float = setting(
        0.999,
        "Decay of the second moment of gradients, for adam and adamw, in [0, 1).",
        lowest=0,
        below=1,
    )
    adamw_weight_decay: float = setting(
        0.01,
        "adamw's decoupled weight decay: w -= learning_rate * decay * w at each step.",
        lowest=0,
    )
    opt_epsilon: float = setting(
        1.0,
        "Added to a denominator by adadelta, adam, adamw and rmsprop. TF-Slim's 1.0"
        " suits rmsprop on Inception; for adam and adamw 1e-8 is usual.",
        lowest=0,
    )
    ftrl_learning_rate_power: float = setting(
        -0.5, "Power of ftrl's learning rate, <= 0.", highest=0
    )
    ftrl_initial_accumulator_value: float = setting(
        0.1, "Initial value of ftrl's sum of squared gradients, >= 0.", lowest=0
    )
    ftrl_l1: float = setting(
        0.0, "Strength of ftrl's L1 regularization, >= 0.", lowest=0
    )
    ftrl_l2: float = setting(
        0.0, "Strength of ftrl's L2 regularization, >= 0.", lowest=0
    )
    momentum: float = setting(
        0.9, "Momentum of the momentum optimizer, in [0, 1).", lowest=0, below=1
    )
    use_nesterov: bool = setting(
        False, "Use Nesterov's momentum in the momentum optimizer."
    )
    rmsprop_momentum: float = setting(
        0.9, "Momentum of the rmsprop optimizer, in [0, 1).", lowest=0, below=1
    )
    rmsprop_decay: float = setting(
        0.9, "Decay of rmsprop's mean of squares, in [0, 1).", lowest=0, below=1
    )
