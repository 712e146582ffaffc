"""Settings of loss, gradients and learning rate that contradict each other."""

from slimnets import errors
from slimnets.config.loss import LossConfig
from slimnets.config.optimization import GradientConfig
from slimnets.config.train import TrainConfig
from slimnets.training import schedules
from slimnets.training.quantization import check_quantization


def check_optimization(config: TrainConfig) -> None:
    """Raises an InputError for settings that cannot all be meant."""
    _check_loss(config.losses)
    _check_balance(config)
    _check_gradients(config.gradients)
    _check_averaging(config)
    _check_batch_norm(config)
    check_quantization(config)
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


def _check_balance(config: TrainConfig) -> None:
    if config.losses.class_weights == config.sampling.sample == ("balanced",):
        raise errors.InputError(
            "--sample=balanced and --class_weights=balanced both make up for classes of"
            " few images; give one"
        )


def _check_averaging(config: TrainConfig) -> None:
    averaging = config.averaging
    starts = averaging.moving_average_start not in (0, "0ep")
    if starts and averaging.moving_average_decay is None:
        raise errors.InputError(
            "--moving_average_start is when the moving averages begin; give"
            " --moving_average_decay too"
        )


def _check_batch_norm(config: TrainConfig) -> None:
    if config.run.sync_batch_norm and config.freezing.freeze_batch_norm:
        raise errors.InputError(
            "--sync_batch_norm shares the moments of all images and"
            " --freeze_batch_norm takes none; give one of them"
        )


def _check_gradients(gradients: GradientConfig) -> None:
    if gradients.clip_gradient_norm and gradients.clip_gradient_value:
        raise errors.InputError(
            "--clip_gradient_norm and --clip_gradient_value both limit the gradients;"
            " give one"
        )
