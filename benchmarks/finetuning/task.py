"""What every contender does: one network, from the same weights, on the same photos."""

import dataclasses
import json
import time
from typing import NamedTuple


@dataclasses.dataclass(frozen=True)
class Task:
    """One training, whoever does it.

    Attributes:
      network: slimnets' name of a MobileNet v1.
      width: its depth multiplier.
      image_size: height and width in pixels.
      checkpoint: the weights to start from, as TF-Slim's checkpoint.
      keras_weights: the same as keras.applications' file.
      torch_weights: the same as a state dict of timm.
      weight_classes: classes of the weights' own head.
      records: folder of TFRecords.
      photos: the same photos in train/ and validation/ folders of class folders.
      train_dir: folder that the training may fill.
      recipe: slimnets' flags, a file.
      learning_rate: the peers' largest.
      weight_decay: the peers' decoupled one.
      freeze_batch_norm: whether the peers' batch norm keeps its averages.
      batch_size: images a step.
      steps: to take.
      evaluations: how often to score the held-out photos, at equal distances; 0: never.
      seed: of what is random.
      threads: of PyTorch; 0 takes one a core.
    """

    network: str
    width: float
    image_size: int
    checkpoint: str
    keras_weights: str
    torch_weights: str
    weight_classes: int
    records: str
    photos: str
    train_dir: str
    recipe: str
    learning_rate: float
    weight_decay: float
    freeze_batch_norm: bool
    batch_size: int
    steps: int
    evaluations: int
    seed: int
    threads: int

    @classmethod
    def read(cls, text: str) -> "Task":
        """Reads what `write` wrote."""
        return cls(**json.loads(text))

    def write(self) -> str:
        """Returns the task as JSON."""
        return json.dumps(dataclasses.asdict(self))

    def in_folder(self, train_dir: str) -> "Task":
        """Returns the same task that may fill another folder."""
        return dataclasses.replace(self, train_dir=train_dir)

    @property
    def evaluated_steps(self) -> tuple[int, ...]:
        """The steps behind which the held-out photos are scored; the last is one."""
        share = range(1, self.evaluations + 1)
        return tuple(self.steps * k // self.evaluations for k in share)


class Training(NamedTuple):
    """What came of a task.

    Attributes:
      images_per_second: while training, without the first steps and the evaluations.
      top1: by step, the share of the held-out photos that were classified right.
    """

    images_per_second: float
    top1: dict[int, float]


class StepClock:
    """Measures the time of steps; the first ones, which compile, do not count.

    Attributes:
      steps: that were begun.
    """

    FIRST_STEPS = 10

    def __init__(self) -> None:
        """Starts at step 0."""
        self.steps = 0
        self._timed, self._seconds = 0, 0.0
        self._began: float | None = None

    def end_step(self) -> None:
        """Notes that a step is done; the next begins at once."""
        now = time.perf_counter()
        self.steps += 1
        if self._began is not None and self.steps > self.FIRST_STEPS:
            self._seconds += now - self._began
            self._timed += 1
        self._began = now

    def pause(self) -> None:
        """Leaves out what comes before the end of the next step, an evaluation."""
        self._began = None

    def rate(self, batch_size: int) -> float:
        """Returns images per second; 0 where no step was timed."""
        return batch_size * self._timed / self._seconds if self._timed else 0.0


def count_steps(rate: float, minutes: float, batch_size: int, evaluations: int) -> int:
    """Returns the steps that fit into some minutes, a multiple of `evaluations`."""
    fitting = int(rate * minutes * 60 / batch_size)
    return max(1, fitting // evaluations) * evaluations
