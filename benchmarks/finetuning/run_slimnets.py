"""slimnets as `slimnets train` runs it, by a recipe's flags."""

import json
import statistics
from pathlib import Path

from benchmarks.finetuning.task import Task, Training

_REPORTS = 8  # of speed in a run; the first has the compilation in it


def train(task: Task) -> Training:
    """Trains as the program does; reads speed and accuracy from what it wrote."""
    from slimnets import startup

    startup.start_tensorflow()
    from slimnets.training import trainer

    trainer.train(_configure(task), log=print)
    return Training(_read_speed(task.train_dir), read_top1(task.train_dir))


def list_flags(task: Task) -> list[str]:
    """Returns the flags of the task beside the recipe's, which come first."""
    every = task.steps // task.evaluations if task.evaluations else 0
    return [
        f"--flagfile={task.recipe}",
        f"--model={task.network}",
        f"--image_size={task.image_size}",
        f"--checkpoint_path={task.checkpoint}",
        f"--dataset_dir={task.records}",
        f"--train_dir={task.train_dir}",
        f"--batch_size={task.batch_size}",
        f"--num_epochs={task.steps * task.batch_size / _count_photos(task)!r}",
        f"--eval_every={every}",
        f"--log_every_n_steps={max(1, task.steps // _REPORTS)}",
        f"--seed={task.seed}",
    ]


def _count_photos(task: Task) -> int:
    from slimnets.datasets import registry

    return registry.get_dataset(task.records, "train").num_examples


def _configure(task: Task):
    """Returns the settings that the program reads from these flags."""
    from absl import flags

    from slimnets.config import dataclass_flags
    from slimnets.config.train import TrainConfig

    values = flags.FlagValues()
    flags.DEFINE_string("flagfile", "", "", flag_values=values)
    dataclass_flags.define_flags(TrainConfig, values)
    values(["slimnets train", *list_flags(task)])
    return dataclass_flags.from_flags(TrainConfig, values)


def _read_speed(train_dir: str) -> float:
    """Returns the median of the speeds that the summaries have, but for the first."""
    import tensorflow as tf
    from tensorboard.backend.event_processing import event_accumulator

    events = event_accumulator.EventAccumulator(train_dir).Reload()
    reports = events.Tensors("images_per_second")
    rates = [float(tf.make_ndarray(report.tensor_proto)) for report in reports]
    return statistics.median(rates[1:] or rates)


def read_top1(train_dir: str) -> dict[int, float]:
    """Returns top-1 by step from a run's metrics.jsonl; none without that file."""
    path = Path(train_dir, "metrics.jsonl")
    if not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line["step"]: line["top1"] for line in lines}
