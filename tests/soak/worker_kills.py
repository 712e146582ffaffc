"""Kills one of two workers at random moments, and resumes their training.

    python -m tests.soak.worker_kills --kills=20

The other worker has to end by itself, with status 2, or 137 where the servers had not
met, and one line that names the lost one. Both are then started again, and have to end
with the bytes of a training of two workers of which none was killed. Ends with status 1
where anything else happens.
"""

import json
import os
import random
import re
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from absl import app, flags

from slimnets import errors, startup
from tests.soak import processes

_KILLS = flags.DEFINE_integer("kills", 20, "Workers to kill.", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 60, "Steps of a training.", lower_bound=2)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the moments, and of who is killed.")

_WORKERS = 2
# Seconds that a worker waits for one that was killed before they met.
_RENDEZVOUS = 15.0
_PATIENCE = 120.0  # seconds, after which a worker that goes on counts as a fault
# Flags of the trainings, which are killed in turn.
RUNS: dict[str, dict[str, Any]] = {
    "sgd": {"optimizer": "sgd"},
    "momentum, moving averages": {"optimizer": "momentum", "moving_average_decay": 0.9},
    "adam, synced batch norm": {"optimizer": "adam", "sync_batch_norm": True},
    "rmsprop, several steps a call": {"optimizer": "rmsprop", "steps_per_call": 2},
}


def find_addresses() -> list[str]:
    """Returns addresses of this machine that nobody listens at."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(_WORKERS)]
    found = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return found


def start_workers(data: str, folder: Path, run: dict[str, Any]) -> list[int]:
    """Starts the workers of a training; returns their processes' ids."""
    folder.mkdir(exist_ok=True)
    addresses = find_addresses()

    def train(index: int) -> None:
        from slimnets.nets import registry
        from slimnets.training import trainer
        from tests.soak import dropping
        from tests.tiny_runs import make_config

        task = {"type": "worker", "index": index}
        cluster = {"worker": addresses}
        os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": task})
        registry.NETWORKS["dropping"] = dropping.NETWORK
        config = make_config(
            data,
            folder,
            model="dropping",
            max_number_of_steps=_STEPS.value,
            save_interval_steps=3,
            log_every_n_steps=0,
            strategy="multi_worker",
            rendezvous_timeout=_RENDEZVOUS,
            **run,
        )
        errors.report_errors(lambda argv: trainer.train(config, lambda line: None))([])

    logs = [folder / f"log {index}" for index in range(_WORKERS)]
    for log in logs:
        log.unlink(missing_ok=True)
    return [
        processes.start(lambda index=index: train(index), log)
        for index, log in enumerate(logs)
    ]


def await_end(child: int) -> int | None:
    """Returns a process's exit status; None where it did not end, and was killed."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def find_fault(status: int | None, log: Path, lost: int) -> str:
    """Returns what is wrong with how the other worker ended; '' if nothing is."""
    lines = [
        line
        for line in log.read_text().splitlines()
        if not line.startswith("waiting for worker")
    ]
    # Killed before TensorFlow's servers met: distribution.rendezvous.watch_the_start.
    if status not in (2, -signal.SIGKILL):
        return f"the other one ended with {status}"
    pattern = rf"error: worker {lost} at \S+ (is gone: |did not come within )"
    if len(lines) != 1 or not re.match(pattern, lines[0]):
        return f"the other one said {lines}"
    return ""


def kill_one(
    data: str, folder: Path, run: dict[str, Any], moment: float, lost: int
) -> tuple[str, float] | None:
    """Kills a worker some seconds after it was started.

    Returns:
      What was wrong with the end of the other one, and the seconds that it took; None
      where the training had ended before.
    """
    children = start_workers(data, folder, run)
    killed = processes.kill(children[lost], moment)
    began = time.monotonic()
    status = await_end(children[1 - lost])
    if not killed:
        return None
    if status == 0:  # it was killed when all was done
        return None
    fault = find_fault(status, folder / f"log {1 - lost}", lost)
    return fault, time.monotonic() - began


def train_to_end(data: str, folder: Path, run: dict[str, Any]) -> float:
    """Trains with all workers; returns the seconds that took.

    Raises:
      RuntimeError: a worker failed.
    """
    began = time.monotonic()
    for child in start_workers(data, folder, run):
        processes.finish(child)
    return time.monotonic() - began


def main(argv: list[str]) -> None:
    """Kills as many workers as asked for."""
    startup.start_tensorflow()
    from slimnets.training import trainer  # noqa: F401 - for all children at once
    from tests.soak import dropping

    moments = random.Random(_SEED.value)
    names = list(RUNS)[: _KILLS.value]
    good, kills, slowest = 0, 0, 0.0
    with tempfile.TemporaryDirectory() as work:
        data = str(Path(work) / "data")
        processes.finish(processes.start(lambda: dropping.make_data(Path(data))))
        seconds = {
            name: train_to_end(data, Path(work) / f"whole {name}", RUNS[name])
            for name in names
        }
        while kills < _KILLS.value:
            name = names[kills % len(names)]
            folder = Path(work) / f"killed {kills}"
            lost = moments.randrange(_WORKERS)
            moment = moments.uniform(0, seconds[name])
            ended = kill_one(data, folder, RUNS[name], moment, lost)
            if ended is None:  # too late: once more
                seconds[name] *= 0.9
                continue
            kills += 1
            fault, took = ended
            slowest = max(slowest, took)
            train_to_end(data, folder, RUNS[name])
            line = f"{kills}: {name}, worker {lost} killed after {moment:.2f} s, "
            line += fault or f"named by the other after {took:.1f} s"
            whole = Path(work) / f"whole {name}"
            good += processes.report(folder, whole, line) and not fault
    print(
        f"{good} of {kills} named and bit-equal, the slowest after {slowest:.1f} s",
        flush=True,
    )
    sys.exit(good < kills)


if __name__ == "__main__":
    app.run(main)
