"""Kills seeded trainings at random moments, resumes them, and compares every byte.

    python -m tests.soak.kills --kills=100

Each training is a process of its own, forked from this one before TensorFlow starts its
devices, so that a start takes a second. It is killed with SIGKILL once or several times
and then left to end. What its last checkpoint holds has to be, byte for byte, what that
of a training holds which was never killed. Ends with status 1 where it is not.
"""

import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from absl import app, flags

from slimnets import startup
from tests.soak import processes

_KILLS = flags.DEFINE_integer("kills", 100, "Trainings to kill.", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 40, "Steps of a training.", lower_bound=2)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the moments of the kills.")

_MOST_KILLS = 3  # of one training
# Flags of the trainings, which are killed in turn.
RUNS: dict[str, dict[str, Any]] = {
    "sgd, several steps a call": {"optimizer": "sgd", "steps_per_call": 4},
    "momentum, float16": {"optimizer": "momentum", "precision": "float16"},
    "adam, moving averages": {"optimizer": "adam", "moving_average_decay": 0.9},
    "rmsprop, two replicas": {
        "optimizer": "rmsprop",
        "strategy": "mirrored",
        "num_clones": 2,
        "moving_average_decay": 0.9,
    },
    "adamw, inception's recipe": {
        "optimizer": "adamw",
        "preprocessing_name": "inception",
    },
    "adagrad, cached": {"optimizer": "adagrad", "cache": True},
    "adadelta": {"optimizer": "adadelta"},
    "lamb, microbatches": {
        "optimizer": "lamb",
        "num_microbatches": 2,
        "clip_gradient_norm": 0.1,
        "loss": "softmax_focal",
        "class_weights": ("balanced",),
    },
    "lars, frozen batch norm": {
        "optimizer": "lars",
        "freeze_batch_norm": True,
        "layer_decay": 0.5,
        "moving_average_decay": 0.9,
        "moving_average_start": 10,
    },
    "ftrl, vgg's recipe": {"optimizer": "ftrl", "preprocessing_name": "vgg"},
}


def start_training(data: str, folder: Path, run: dict[str, Any]) -> int:
    """Starts a training in a process of its own; returns that process's id."""
    folder.mkdir(exist_ok=True)

    def train() -> None:
        from slimnets.nets import registry
        from slimnets.training import trainer
        from tests.soak import dropping
        from tests.tiny_runs import make_config

        registry.NETWORKS["dropping"] = dropping.NETWORK
        config = make_config(
            data,
            folder,
            model="dropping",
            max_number_of_steps=_STEPS.value,
            save_interval_steps=3,
            log_every_n_steps=0,
            **run,
        )
        trainer.train(config, lambda line: None)

    return processes.start(train, folder / "log")


def main(argv: list[str]) -> None:
    """Kills as many trainings as asked for."""
    startup.start_tensorflow()
    from slimnets.training import trainer  # noqa: F401 - for all children at once
    from tests.soak import dropping

    moments = random.Random(_SEED.value)
    names = list(RUNS)[: _KILLS.value]
    with tempfile.TemporaryDirectory() as work:
        data = Path(work) / "data"
        processes.finish(processes.start(lambda: dropping.make_data(data)))
        seconds = {}
        for name in names:
            folder = Path(work) / f"whole {name}"
            seconds[name] = processes.finish(
                start_training(str(data), folder, RUNS[name])
            )
        equal = kills = 0
        for number in range(_KILLS.value):
            name = names[number % len(names)]
            folder = Path(work) / f"killed {number}"
            at = []
            while not at or (len(at) < _MOST_KILLS and moments.random() < 0.3):
                moment = moments.uniform(0, seconds[name])
                child = start_training(str(data), folder, RUNS[name])
                if processes.kill(child, moment):
                    at.append(f"{moment:.2f} s")
                elif at:
                    break
                else:  # too late: once more, and anew
                    seconds[name] *= 0.9
                    shutil.rmtree(folder)
            processes.finish(start_training(str(data), folder, RUNS[name]))
            kills += len(at)
            line = f"{number + 1}: {name}, killed after {', '.join(at)}"
            equal += processes.report(folder, Path(work) / f"whole {name}", line)
    print(f"{equal} of {_KILLS.value} bit-equal, after {kills} kills")
    sys.exit(equal < _KILLS.value)


if __name__ == "__main__":
    app.run(main)
