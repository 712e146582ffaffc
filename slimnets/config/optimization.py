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
        "Schedule by which the learning rate decays. exponential, which is TF-Slim's,"
        " and step are one: by learning_rate_decay_factor every num_epochs_per_decay,"
        " at once. multistep: by that factor at each of decay_epochs. plateau: where"
        " evaluations stop getting better.",
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
        "Factor of exponential and step decay, applied every num_epochs_per_decay, and"
        " of multistep decay, where 0.1 is usual.",
        lowest=0,
    )
    num_epochs_per_decay: float = setting(
        2.0,
        "Epochs from one exponential decay to the next, or to the end of polynomial"
        " decay.",
        above=0,
    )
    decay_epochs: tuple[str, ...] = setting(
        (),
        "Comma-separated epochs, such as 30,60,80, at which multistep decay multiplies"
        " the learning rate by learning_rate_decay_factor.",
    )
    scale_learning_rate: bool = setting(
        False,
        "Take learning_rate and end_learning_rate as those for 256 images a step, and"
        " multiply them by batch_size / 256 (arXiv:1706.02677, section 2.1). Large"
        " batches want warmup_epochs too.",
    )
    layer_decay: float = setting(
        1.0,
        "Layer-wise decay: the learning rate of each block of the network as a share of"
        " the next one's; the head has all of it, as where BEiT and ConvNeXt are"
        " fine-tuned. 0.7 to 0.9 is usual from published weights; 1 gives all blocks"
        " one rate.",
        above=0,
        highest=1,
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
        "Decay of the first moment of gradients, for adam, adamw and lamb, in [0, 1).",
        lowest=0,
        below=1,
    )
    adam_beta2: float = setting(
        0.999,
        "Decay of the second moment of gradients, for adam, adamw and lamb, in [0, 1).",
        lowest=0,
        below=1,
    )
    adamw_weight_decay: float = setting(
        0.01,
        "adamw's decoupled weight decay: w -= learning_rate * decay * w at each step,"
        " of kernels and matrices alone. The L2 loss of --weight_decay comes on top;"
        " give it 0 for adamw's alone.",
        lowest=0,
    )
    opt_epsilon: float = setting(
        1.0,
        "Added to a denominator by adadelta, adam, adamw, lamb and rmsprop. TF-Slim's"
        " 1.0 suits rmsprop on Inception; for adam and adamw 1e-8 is usual, for lamb"
        " 1e-6.",
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
    lamb_weight_decay: float = setting(
        0.01,
        "lamb's weight decay, inside of the step that is made as long as the weights"
        " (arXiv:1904.00962). As of adamw, --weight_decay comes on top.",
        lowest=0,
    )
    lars_coefficient: float = setting(
        0.001,
        "lars' trust coefficient: how far a layer's step may go, as a share of the"
        " length of its weights (arXiv:1708.03888).",
        above=0,
    )
    lars_weight_decay: float = setting(
        0.0005,
        "lars' weight decay, which its rates by layer know of; the default is the"
        " paper's. As of adamw, --weight_decay comes on top.",
        lowest=0,
    )
    momentum: float = setting(
        0.9,
        "Momentum of the momentum optimizer and of lars, in [0, 1).",
        lowest=0,
        below=1,
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


@dataclasses.dataclass(frozen=True)
class GradientConfig:
    """What is done with gradients before the optimizer gets them."""

    clip_gradient_norm: float = setting(
        0.0,
        "Largest norm of all gradients together; longer ones are scaled down to it, and"
        " the summaries have the norm as it was. 0 for none.",
        lowest=0,
    )
    clip_gradient_value: float = setting(
        0.0,
        "Largest absolute value of each number in the gradients; larger ones are cut to"
        " it. 0 for none.",
        lowest=0,
    )
    num_microbatches: int = setting(
        1,
        "Gradient accumulation: parts of a batch, of equal size, that are computed one"
        " after another; their gradients are summed up, and the weights updated once."
        " It takes the memory of a part. --batch_size stays the images of an update, so"
        " the weights are those of the whole batch at once but for rounding, and but"
        " for batch norm, which normalizes by the moments of each part.",
        lowest=1,
    )
    decay_kernels_only: bool = setting(
        False,
        "Leave biases and batch norm's gamma and beta out of the L2 loss of"
        " --weight_decay even where the network puts them in, as inception_resnet_v2"
        " does with biases. The decay of adamw, lamb and lars leaves them out anyway.",
    )
