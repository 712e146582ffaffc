"""Settings of loss, gradients and learning rate that contradict each other."""

from slimnets import errors
from slimnets.config.loss import LossConfig
from slimnets.config.optimization import GradientConfig
from slimnets.config.train import TrainConfig
from slimnets.training import schedules


def check_optimization(config: TrainConfig) -> None:
    """Raises an InputError for settings that cannot all be meant."""
    _check_loss(config.losses)
    _check_gradients(config.gradients)
    schedules.parse_decay_epochs(config.learning_rate)


def _check_loss(losses: LossConfig) -> None:
    default = LossConfig()
    focal = losses.loss in ("softmax_focal", "sigmoid_focal")
    if losses.focal_gamma != default.focal_gamma and not focal:
        raise errors.InputError(
            f"--focal_gamma is of the focal losses, and --loss is {losses.loss}; give"
            " --loss=softmax_focal or --loss=sigmoid_focal"
        )
    if losses.focal_alpha is not None and losses.loss != "sigmoid_focal":
        raise errors.InputError(
            f"--focal_alpha is of --loss=sigmoid_focal, and --loss is {losses.loss};"
            " weigh the classes with --class_weights"
        )


def _check_gradients(gradients: GradientConfig) -> None:
    if gradients.clip_gradient_norm and gradients.clip_gradient_value:
        raise errors.InputError(
            "--clip_gradient_norm and --clip_gradient_value both limit the gradients;"
            " give one"
        )
