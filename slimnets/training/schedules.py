"""Learning rates as functions of the step."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from slimnets import errors
from slimnets.config.optimization import LearningRateConfig

BASE_BATCH_SIZE = 256  # of scaled learning rates, arXiv:1706.02677


@dataclass(frozen=True)
class Schedule:
    """How the learning rate depends on the step. The defaults are TF-Slim's.

    Attributes:
      kind: one of `SCHEDULES`.
      learning_rate: at step 0 without warmup; > 0.
      decay_steps: exponential: steps per factor `decay_factor`. polynomial: steps until
        `end_learning_rate`. See `count_decay_steps`.
      decay_factor: exponential: factor applied every `decay_steps`. multistep: at each
        of `milestones`.
      end_learning_rate: polynomial and cosine: the last one, kept from then on.
      total_steps: cosine: steps until `end_learning_rate`.
      staircase: exponential: in jumps every `decay_steps`, not a little every step.
      warmup_steps: the decayed rate is multiplied by 1/n, 2/n, ... 1 over the first n =
        `warmup_steps` steps. The decay counts its steps from 0, warmup or not.
      milestones: multistep: the steps at which it decays, ascending.
    """

    kind: str = "exponential"
    learning_rate: float = 0.01
    decay_steps: int = 0
    decay_factor: float = 0.94
    end_learning_rate: float = 0.0001
    total_steps: int = 0
    staircase: bool = True
    warmup_steps: int = 0
    milestones: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in SCHEDULES:
            raise errors.unknown("learning rate decay type", self.kind, SCHEDULES)
        if self.kind in ("exponential", "step", "polynomial") and self.decay_steps < 1:
            raise errors.InputError(
                f"{self.kind} decay needs decay_steps >= 1, got {self.decay_steps}"
            )
        if self.kind == "cosine" and self.total_steps < 1:
            raise errors.InputError(
                f"cosine decay needs total_steps >= 1, got {self.total_steps}; "
                "say how long to train"
            )


def from_config(
    config: LearningRateConfig,
    num_examples: int,
    batch_size: int,
    total_steps: int | None,
) -> Schedule:
    """Returns the schedule, in steps, of settings that count in epochs.

    Args:
      config: the settings.
      num_examples: in an epoch.
      batch_size: examples a step, over all replicas together.
      total_steps: the run's last step; None where it never ends.

    Raises:
      InputError: cosine decay in a run that never ends.
    """
    if config.learning_rate_decay_type == "cosine" and total_steps is None:
        raise errors.InputError(
            "--learning_rate_decay_type=cosine needs an end: give --num_epochs or"
            " --max_number_of_steps"
        )
    scale = compute_rate_scale(config, batch_size)
    return Schedule(
        kind=config.learning_rate_decay_type,
        learning_rate=scale * config.learning_rate,
        decay_steps=count_decay_steps(
            num_examples, config.num_epochs_per_decay, batch_size
        ),
        decay_factor=config.learning_rate_decay_factor,
        end_learning_rate=scale * config.end_learning_rate,
        total_steps=total_steps or 0,
        warmup_steps=round(config.warmup_epochs * num_examples / batch_size),
        milestones=tuple(
            round(epochs * num_examples / batch_size)
            for epochs in parse_decay_epochs(config)
        ),
    )


def compute_rate_scale(config: LearningRateConfig, batch_size: int) -> float:
    """Returns by what learning rates are multiplied for a batch size.

    Args:
      config: which says whether they are.
      batch_size: examples a step, over all replicas together.
    """
    return batch_size / BASE_BATCH_SIZE if config.scale_learning_rate else 1.0


def parse_decay_epochs(config: LearningRateConfig) -> list[float]:
    """Returns the epochs at which multistep decay is due.

    Raises:
      InputError: one is no number above that before it; there are none though they are
        needed, or some though they are not.
    """
    words, kind = config.decay_epochs, config.learning_rate_decay_type
    if bool(words) != (kind == "multistep"):
        raise errors.InputError(
            "--decay_epochs and --learning_rate_decay_type=multistep need each other;"
            f" the type is {kind}"
        )
    epochs = [0.0]
    for word in words:
        try:
            epochs.append(float(word))
        except ValueError:
            epochs.append(math.nan)
        if not epochs[-2] < epochs[-1] < math.inf:
            raise errors.InputError(
                f"--decay_epochs has {word!r}; give numbers above 0 and each above the"
                " one before, as 30,60,80"
            )
    return epochs[1:]


def count_decay_steps(
    num_examples: int, num_epochs_per_decay: float, batch_size: int
) -> int:
    """Returns the steps in `num_epochs_per_decay` epochs, rounded down, at least 1.

    Args:
      num_examples: in one epoch.
      num_epochs_per_decay: epochs after which the learning rate decays.
      batch_size: the global one: examples in a step over all replicas.
    """
    return max(1, int(num_examples * num_epochs_per_decay / batch_size))


def compute_learning_rate(
    schedule: Schedule, step: tf.Tensor | tf.Variable | int
) -> tf.Tensor:
    """Returns the learning rate at `step`, a float32 scalar.

    Args:
      schedule: which one.
      step: steps taken before this one, >= 0: any integer scalar, a tensor or not.
    """
    step = tf.cast(step, tf.float32)
    rate = SCHEDULES[schedule.kind](schedule, step)
    if schedule.warmup_steps > 0:
        rate *= tf.minimum((step + 1.0) / schedule.warmup_steps, 1.0)
    return rate


def _fixed(schedule: Schedule, step: tf.Tensor) -> tf.Tensor:
    return tf.constant(schedule.learning_rate, tf.float32)


def _exponential(schedule: Schedule, step: tf.Tensor) -> tf.Tensor:
    exponent = step / schedule.decay_steps
    if schedule.staircase:
        exponent = tf.floor(exponent)
    return schedule.learning_rate * tf.pow(schedule.decay_factor, exponent)


def _multistep(schedule: Schedule, step: tf.Tensor) -> tf.Tensor:
    passed = step >= tf.constant(schedule.milestones, tf.float32)
    decays = tf.reduce_sum(tf.cast(passed, tf.float32))
    return schedule.learning_rate * tf.pow(schedule.decay_factor, decays)


def _polynomial(schedule: Schedule, step: tf.Tensor) -> tf.Tensor:
    """Linear: of the polynomials, TF-Slim uses that of power 1."""
    done = tf.minimum(step / schedule.decay_steps, 1.0)
    return _between(schedule, 1.0 - done)


def _cosine(schedule: Schedule, step: tf.Tensor) -> tf.Tensor:
    """Half a cosine, without restarts (arXiv:1608.03983, equation 5)."""
    done = tf.minimum(step / schedule.total_steps, 1.0)
    return _between(schedule, 0.5 * (1.0 + tf.cos(math.pi * done)))


def _between(schedule: Schedule, remaining: tf.Tensor) -> tf.Tensor:
    """Returns learning_rate where `remaining` is 1, end_learning_rate where it is 0."""
    span = schedule.learning_rate - schedule.end_learning_rate
    return span * remaining + schedule.end_learning_rate


SCHEDULES: dict[str, Callable[[Schedule, tf.Tensor], tf.Tensor]] = {
    "fixed": _fixed,
    "exponential": _exponential,
    "polynomial": _polynomial,
    "cosine": _cosine,
    "plateau": _fixed,  # times a factor that follows from evaluations
    "step": _exponential,
    "multistep": _multistep,
}
