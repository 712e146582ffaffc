"""Kills seeded trainings at random moments, resumes them, and compares every byte.

    python -m tests.soak.kills --kills=100

Each training is a process of its own, forked from this one before TensorFlow starts its
devices, so that a start takes a second. It is killed with SIGKILL once or several times
and then left to end. What its last checkpoint holds has to be, byte for byte, what that
of a training holds which was never killed. Ends with status 1 where it is not.
"""

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from absl import app, flags

from slimnets import startup

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
    "ftrl, vgg's recipe": {"optimizer": "ftrl", "preprocessing_name": "vgg"},
}


def start_training(data: str, folder: Path, run: dict[str, Any]) -> int:
    """Starts a training in a process of its own; returns that process's id."""
    folder.mkdir(exist_ok=True)
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        log = os.open(folder / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
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
        status = 0
    finally:
        os._exit(status)


def finish(child: int) -> float:
    """Waits for a training's end; returns the seconds that took.

    Raises:
      RuntimeError: it failed.
    """
    began = time.monotonic()
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError(f"a training ended with status {status}")
    return time.monotonic() - began


def kill(child: int, seconds: float) -> bool:
    """Kills a training some seconds from now; False where it ended before."""
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def read_last(folder: Path) -> tuple[dict[str, bytes], str]:
    """Reads the last checkpoint of a training; returns its bytes by name, its path."""
    from slimnets import checkpoints

    path = checkpoints.require(folder / "run")
    return {n: v.tobytes() for n, v in checkpoints.read(path).items()}, path


def compare(expected: dict[str, bytes], found: dict[str, bytes]) -> str:
    """Returns a line; '' where both are the same."""
    if expected.keys() != found.keys():
        return f"other variables: {sorted(expected.keys() ^ found.keys())[:3]}"
    differ = [name for name, value in expected.items() if found[name] != value]
    return f"{len(differ)} variables differ, such as {differ[0]}" if differ else ""


def run_in_child(work: Any) -> None:
    """Does what starts TensorFlow's devices in a process of its own."""
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    finish(child)


def report(folder: Path, whole: Path, line: str) -> bool:
    """Compares two trainings in a process of its own; prints a line."""

    def compare_both() -> None:
        expected, _ = read_last(whole)
        found, _ = read_last(folder)
        fault = compare(expected, found)
        equal = f"{len(found)} of {len(expected)} variables equal"
        print(f"{line}: {fault or equal}", flush=True)
        if fault:
            sys.exit(1)

    try:
        run_in_child(compare_both)
    except RuntimeError:
        return False
    return True


def main(argv: list[str]) -> None:
    """Kills as many trainings as asked for."""
    startup.start_tensorflow()
    from slimnets.training import trainer  # noqa: F401 - for all children at once
    from tests.soak import dropping

    moments = random.Random(_SEED.value)
    names = list(RUNS)[: _KILLS.value]
    with tempfile.TemporaryDirectory() as work:
        data = Path(work) / "data"
        run_in_child(lambda: dropping.make_data(data))
        seconds = {}
        for name in names:
            folder = Path(work) / f"whole {name}"
            seconds[name] = finish(start_training(str(data), folder, RUNS[name]))
        equal = kills = 0
        for number in range(_KILLS.value):
            name = names[number % len(names)]
            folder = Path(work) / f"killed {number}"
            at = []
            while not at or (len(at) < _MOST_KILLS and moments.random() < 0.3):
                moment = moments.uniform(0, seconds[name])
                child = start_training(str(data), folder, RUNS[name])
                if kill(child, moment):
                    at.append(f"{moment:.2f} s")
                elif at:
                    break
                else:  # too late: once more, and anew
                    seconds[name] *= 0.9
                    shutil.rmtree(folder)
            finish(start_training(str(data), folder, RUNS[name]))
            kills += len(at)
            line = f"{number + 1}: {name}, killed after {', '.join(at)}"
            equal += report(folder, Path(work) / f"whole {name}", line)
    print(f"{equal} of {_KILLS.value} bit-equal, after {kills} kills")
    sys.exit(equal < _KILLS.value)


if __name__ == "__main__":
    app.run(main)
