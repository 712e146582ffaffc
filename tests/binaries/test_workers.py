"""Workers of one training: one is stopped, killed, or hangs; all train as one."""

import json
import re
import signal
import socket
from pathlib import Path
from subprocess import Popen

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints
from tests.binaries.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.slow

MODULE = "train.train_image_classifier"
NETWORK = ("--model=lenet", "--image_size=32")
STOPPED = 128 + signal.SIGTERM


EVAL = "eval.eval_image_classifier"


def find_addresses(count: int) -> list[str]:
    """Returns addresses of this machine that nobody listens at."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return found


@pytest.fixture
def addresses() -> list[str]:
    """Returns those of two workers."""
    return find_addresses(2)


@pytest.fixture
def train(start, colours):
    """Returns what starts a training process, with TF_CONFIG or without."""

    def start_training(train_dir: Path, *flags: str, **environment: str) -> Popen:
        return start(
            MODULE,
            *NETWORK,
            f"--dataset_dir={colours}",
            f"--train_dir={train_dir}",
            "--optimizer=sgd",
            *flags,
            TF_CPP_MIN_LOG_LEVEL="3",  # as a program sets it, unlike this process
            **environment,
        )

    return start_training


@pytest.fixture
def train_together(train):
    """Returns what starts as many workers of one training as there are addresses."""

    def start_workers(addresses: list[str], *args) -> list[Popen]:
        cluster = {"worker": addresses}
        tasks = [{"type": "worker", "index": i} for i in range(len(addresses))]
        return [
            train(
                *args,
                "--strategy=multi_worker",
                TF_CONFIG=json.dumps({"cluster": cluster, "task": task}),
            )
            for task in tasks
        ]

    return start_workers


@pytest.fixture
def workers(train_together, addresses, tmp_path):
    """Returns two workers that train until they are stopped, saving often."""
    flags = ("--batch_size=6", "--learning_rate=1e-4", "--save_interval_steps=2")
    started = train_together(addresses, tmp_path, *flags)
    wait_for(tmp_path / "checkpoint", started[0])
    return started


@pytest.mark.parametrize("stopped", [0, 1])
def test_told_to_stop_all_end_at_one_step(workers, tmp_path, stopped):
    workers[stopped].terminate()
    for worker in workers:
        printed, said = worker.communicate(timeout=PATIENCE)
        assert worker.returncode == STOPPED, said
        saved = checkpoints.require(tmp_path)
        assert f"interrupted by SIGTERM; saved {saved}. The same command" in printed


@pytest.mark.parametrize("lost", [0, 1])
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGSTOP])
def test_one_that_is_lost_is_named_by_the_other(workers, addresses, lost, by):
    workers[lost].send_signal(by)
    other = workers[1 - lost]
    _, said = other.communicate(timeout=PATIENCE)
    assert other.returncode == 2
    [line] = said.splitlines()
    assert line.startswith(f"error: worker {lost} at {addresses[lost]} is gone: ")


# Small steps: batch norm at its first weights makes 0.05 of a gradient out of float32's
# rounding. Gradients are tests/layers/test_synced_moments.py's.
SYNCED = ("--model=mobilenet_v1_025", "--sync_batch_norm", "--learning_rate=1e-8")
MIXED = ("--mixup_alpha=0.5", "--cutmix_alpha=1")  # each replica its own part
TWO_REPLICAS = ("--strategy=mirrored", "--num_clones=2", "--clone_on_cpu")


@pytest.mark.parametrize(
    ("count", "network", "strategy"),
    [(2, (), ()), (4, (), ()), (2, SYNCED, TWO_REPLICAS), (2, MIXED, TWO_REPLICAS)],
    ids=["two", "four", "batch norm", "mixed"],
)
def test_the_losses_are_those_of_one_process(
    train, train_together, tmp_path, count, network, strategy
):
    """With a seed; of dropout, of images that are augmented, of synced batch norm."""
    flags = (
        "--learning_rate=1e-3",
        *network,
        "--batch_size=12",
        "--preprocessing_name=cifarnet",
        "--max_number_of_steps=6",
        "--log_every_n_steps=1",
        "--seed=3",
    )

    def list_losses(process: Popen) -> list[float]:
        printed, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said
        return [float(loss) for loss in re.findall(r"loss = ([\d.]+)", printed)]

    one = list_losses(train(tmp_path / "one", *flags, *strategy))
    chief, *others = train_together(find_addresses(count), tmp_path / "several", *flags)
    several = list_losses(chief)
    for worker in others:
        worker.communicate(timeout=PATIENCE)
    assert len(one) == 6 and max(one) - min(one) > 0.01
    np.testing.assert_allclose(several, one, rtol=1e-3)


@pytest.fixture
def trained(train, tmp_path) -> Path:
    """Returns the folder of a run of one step."""
    process = train(tmp_path / "run", "--max_number_of_steps=1", "--seed=1")
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    return tmp_path / "run"


def evaluate_together(start, folder: Path, *flags: str) -> list[dict]:
    """Returns the results that three workers' evaluation left."""
    cluster = {"worker": find_addresses(3)}
    processes = [
        start(
            EVAL,
            f"--checkpoint_path={folder}",
            f"--eval_dir={folder}/{index}",
            "--strategy=multi_worker",
            "--batch_size=2",
            *flags,
            TF_CONFIG=json.dumps(
                {"cluster": cluster, "task": {"type": "worker", "index": index}}
            ),
            TF_CPP_MIN_LOG_LEVEL="3",
        )
        for index in range(3)
    ]
    for process in processes:
        printed, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said
        assert "7 examples: " in printed
    assert [(folder / str(index)).exists() for index in range(3)] == [
        True,
        False,
        False,
    ]
    return json.loads((folder / "0" / "results-1.json").read_text())


def read_files(folder: Path) -> tuple[bytes, str]:
    """Returns an evaluation's predictions, and its page without what names devices."""
    rows = "strategy|num_clones|clone_on_cpu|batch_size|eval_dir|predictions|report"
    pattern = rf'<th scope="row">(scored in|{rows})</th><td>[^<]*</td>'
    page = (folder / "report.html").read_text()
    return (folder / "predictions.jsonl").read_bytes(), re.sub(pattern, "", page)


def test_the_files_of_an_evaluation_are_those_of_one_device(start, trained, tmp_path):
    """The chief alone writes them, byte for byte but for facts that name devices."""

    def name_files(name: str) -> list[str]:
        folder = tmp_path / name
        return [
            f"--report={folder}/report.html",
            f"--predictions={folder}/predictions.jsonl",
        ]

    one = evaluate_alone(start, trained, *name_files("alone"), "--batch_size=2")
    several = evaluate_together(start, trained, *name_files("together"))
    assert several["top1"] == one["top1"]
    alone, together = (read_files(tmp_path / name) for name in ("alone", "together"))
    assert len(alone[0].splitlines()) == 7
    assert together == alone


def evaluate_alone(start, folder: Path, *flags: str) -> dict:
    """Returns the result that an evaluation by one process left."""
    given = (f"--checkpoint_path={folder}", f"--eval_dir={folder}/one")
    process = start(EVAL, *given, *flags)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    return json.loads((folder / "one" / "results-1.json").read_text())


@pytest.fixture
def trained_on_several(start, tmp_path) -> Path:
    """Returns the folder of a run of one step, on images of any number of labels."""
    noise = np.random.default_rng(0)
    lines = ["path,labels,split"]
    for number in range(14):
        image = noise.integers(0, 256, (32, 32, 3)).astype(np.uint8)
        path = tmp_path / f"{number}.png"
        path.write_bytes(tf.io.encode_png(image).numpy())
        labels = "|".join(name for bit, name in enumerate("ab") if number >> bit & 1)
        lines.append(f"{path},{labels},{'train' if number < 7 else 'val'}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    flags = ("--loss=sigmoid", "--max_number_of_steps=1", "--batch_size=4")
    process = start(
        MODULE,
        *NETWORK,
        f"--dataset_dir={tmp_path}/labels.csv",
        f"--train_dir={tmp_path}/run",
        *flags,
        SLIMNETS_HOME=str(tmp_path / "home"),
    )
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    return tmp_path / "run"


def test_an_evaluation_of_several_labels_is_exact(
    start, trained_on_several, monkeypatch, tmp_path
):
    monkeypatch.setenv("SLIMNETS_HOME", str(tmp_path / "home"))
    one = evaluate_alone(start, trained_on_several)
    several = evaluate_together(start, trained_on_several)
    assert several.pop("loss") == pytest.approx(one.pop("loss"), rel=1e-6)
    assert several == one
    assert one["num_examples"] == 7 and 0 < one["map"] <= 1


@pytest.mark.parametrize("together", ["workers", "replicas"])
def test_an_evaluation_is_exact(start, trained, together):
    one = evaluate_alone(start, trained)
    if together == "workers":
        several = evaluate_together(start, trained)
    else:
        several = evaluate_alone(start, trained, *TWO_REPLICAS, "--batch_size=3")
    assert several.pop("loss") == pytest.approx(one.pop("loss"), rel=1e-6)
    assert several == one and one["num_examples"] == 7
