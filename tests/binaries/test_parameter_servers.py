"""A chief, a server of parameters and two workers; one of them is killed."""

import json
import math
import os
import re
import signal
import socket
import time
from pathlib import Path
from subprocess import Popen

import pytest

from slimnets import checkpoints
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig
from slimnets.inference import evaluator
from tests.binaries.waiting import PATIENCE

pytestmark = pytest.mark.slow

FLAGS = (
    "--model=lenet",
    "--image_size=32",
    "--batch_size=6",
    "--optimizer=momentum",
    "--learning_rate=0.003",
    "--save_interval_steps=20",
)
STOPPED = 128 + signal.SIGTERM


class Cluster:
    """Processes of one training, whose output goes to files beside its train_dir."""

    def __init__(self, start, colours: str, folder: Path):
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
        addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
        for each in sockets:
            each.close()
        chief, ps, *workers = addresses
        self.addresses = {"chief": [chief], "ps": [ps], "worker": workers}
        self.train_dir = folder / "run"
        self._start, self._colours = start, colours
        self.processes: dict[str, Popen] = {}

    def start(self, name: str, *flags: str) -> None:
        """Starts 'worker 1', say."""
        kind, number = name.split()
        task = {"type": kind, "index": int(number)}
        self.processes[name] = self._start(
            "train.train_image_classifier",
            *FLAGS,
            f"--dataset_dir={self._colours}",
            f"--train_dir={self.train_dir}",
            "--strategy=parameter_server",
            *flags,
            TF_CONFIG=json.dumps({"cluster": self.addresses, "task": task}),
            TF_CPP_MIN_LOG_LEVEL="3",  # as a program sets it, unlike this process
        )

    def start_all(self, *flags: str) -> None:
        for name in ("ps 0", "worker 0", "worker 1", "chief 0"):
            self.start(name, *flags)

    def wait_for(self, is_so) -> None:
        """Waits for what is written while the chief runs."""
        end = time.monotonic() + PATIENCE
        chief = self.processes["chief 0"]
        while not is_so():
            assert chief.poll() is None, chief.communicate()
            assert time.monotonic() < end
            time.sleep(0.05)

    def wait_for_checkpoint(self, after: int = 0) -> None:
        def is_there() -> bool:
            found = self.train_dir.is_dir() and checkpoints.find(str(self.train_dir))
            return bool(found) and checkpoints.get_step(str(found)) > after

        self.wait_for(is_there)

    def end(self, name: str) -> tuple[int, str, str]:
        """Returns the status, and what was printed and said."""
        process = self.processes[name]
        printed, said = process.communicate(timeout=PATIENCE)
        return process.returncode, printed, said


@pytest.fixture
def cluster(start, colours, tmp_path) -> Cluster:
    return Cluster(start, colours, tmp_path)


def evaluate(folder: Path) -> float:
    """Returns the accuracy of a run's last checkpoint."""
    flags = {"checkpoint_path": str(folder)}
    [result] = evaluator.evaluate(dataclass_flags.from_dict(EvalConfig, flags))
    assert result.summary.num_examples == 7
    return result.summary.list_scalars()["top1"]


def test_a_worker_that_is_killed_comes_back_and_the_run_ends_well(cluster):
    """And what the chief found at the end is what an evaluation finds afterwards.

    How well it learns is left to chance by the order in which steps of several
    workers arrive; no number of it is asked for.
    """
    cluster.start_all("--max_number_of_steps=300", "--eval_every=150")
    cluster.wait_for_checkpoint()
    cluster.processes["worker 0"].kill()
    cluster.processes["worker 0"].wait()
    cluster.wait_for_checkpoint(60)  # the others go on
    cluster.start("worker 0", "--max_number_of_steps=300", "--eval_every=150")
    status, printed, said = cluster.end("chief 0")
    assert status == 0, said
    assert said == ""
    gone = f"worker 0 at {cluster.addresses['worker'][0]} is gone; the others go on"
    assert gone in printed
    losses = [float(loss) for loss in re.findall(r"loss = (\S+)", printed)]
    assert losses and all(map(math.isfinite, losses))
    line = f"trained to step 300 in .* saved {cluster.train_dir}/model.ckpt-300"
    for name in ("ps 0", "worker 1"):
        status, printed, said = cluster.end(name)
        assert status == 0 and re.search(line, printed), said
    text = (cluster.train_dir / "metrics.jsonl").read_text()
    found = [json.loads(line) for line in text.splitlines()]
    assert [line["step"] for line in found] == [150, 300]
    assert evaluate(cluster.train_dir) == found[-1]["top1"]


def test_a_server_that_is_killed_ends_all_which_resume(cluster):
    """And a server that is told to end lets the chief save first."""
    cluster.start_all()
    cluster.wait_for_checkpoint()
    cluster.processes["ps 0"].kill()
    status, printed, said = cluster.end("chief 0")
    assert status == 2
    [line] = said.splitlines()
    address = cluster.addresses["ps"][0]
    assert line.startswith(f"error: ps 0 at {address} is gone, and weights with it. ")
    for name in ("worker 0", "worker 1"):
        status, _, said = cluster.end(name)
        assert status == 2
        [line] = said.splitlines()
        assert line.startswith("error: chief 0 at ")
    saved = checkpoints.require(str(cluster.train_dir))
    cluster.start_all()
    cluster.wait_for_checkpoint(checkpoints.get_step(saved))
    os.kill(cluster.processes["ps 0"].pid, signal.SIGTERM)
    for name in cluster.processes:
        status, printed, said = cluster.end(name)
        assert status == STOPPED, said
        last = checkpoints.require(str(cluster.train_dir))
        assert f"interrupted by SIGTERM; saved {last}. The same command" in printed
        if name == "chief 0":
            step = checkpoints.get_step(saved)
            assert f"resuming from {saved}, step {step}" in printed
