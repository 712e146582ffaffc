"""Workers of one training, of which one is stopped, killed, or hangs."""

import json
import signal
import socket

import pytest

from slimnets import checkpoints
from tests.binaries.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.slow

MODULE = "train.train_image_classifier"
NETWORK = ("--model=lenet", "--image_size=32", "--preprocessing_name=plain")
STOPPED = 128 + signal.SIGTERM


@pytest.fixture
def addresses() -> list[str]:
    """Returns two addresses of this machine that nobody listens at."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    found = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return found


@pytest.fixture
def workers(start, colours, addresses, tmp_path):
    """Returns what starts two workers that train until they are stopped."""

    def start_workers(*flags: str) -> list:
        return [
            start(
                MODULE,
                *NETWORK,
                f"--dataset_dir={colours}",
                f"--train_dir={tmp_path}",
                "--strategy=multi_worker",
                "--batch_size=6",
                "--optimizer=sgd",
                "--learning_rate=1e-4",
                *flags,
                TF_CPP_MIN_LOG_LEVEL="3",  # as a program sets it, unlike this process
                TF_CONFIG=json.dumps(
                    {
                        "cluster": {"worker": addresses},
                        "task": {"type": "worker", "index": index},
                    }
                ),
            )
            for index in range(2)
        ]

    return start_workers


@pytest.mark.parametrize("stopped", [0, 1])
def test_told_to_stop_all_end_at_one_step(workers, tmp_path, stopped):
    started = workers("--save_interval_steps=2")
    wait_for(tmp_path / "checkpoint", started[0])
    started[stopped].terminate()
    for worker in started:
        printed, said = worker.communicate(timeout=PATIENCE)
        assert worker.returncode == STOPPED, said
        saved = checkpoints.require(tmp_path)
        assert f"interrupted by SIGTERM; saved {saved}. The same command" in printed


@pytest.mark.parametrize("lost", [0, 1])
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGSTOP])
def test_one_that_is_lost_is_named_by_the_other(workers, addresses, tmp_path, lost, by):
    started = workers("--save_interval_steps=2")
    wait_for(tmp_path / "checkpoint", started[0])
    started[lost].send_signal(by)
    other = started[1 - lost]
    _, said = other.communicate(timeout=PATIENCE)
    assert other.returncode == 2
    [line] = said.splitlines()
    assert line.startswith(f"error: worker {lost} at {addresses[lost]} is gone: ")
