"""train.train_image_classifier from the command line."""

import json
import re
import signal
import socket

import pytest
import tensorflow as tf

from slimnets import checkpoints
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig
from slimnets.inference import evaluator
from tests.binaries.waiting import PATIENCE, wait_for

MODULE = "train.train_image_classifier"
NETWORK = ("--model=lenet", "--image_size=32", "--preprocessing_name=plain")


def free_ports(count: int) -> list[int]:
    """Returns ports of this machine that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def test_help_begins_with_an_example(helps):
    assert len(helps(MODULE).strip().splitlines()) <= 4


def test_two_replicas(mirrored_run):
    folder, printed = mirrored_run
    assert re.search(
        rf"trained to step 3 in \d+ s, loss \d+\.\d{{4}};"
        rf" saved {folder}/model.ckpt-3\n$",
        printed,
    )
    held = checkpoints.read_shapes(checkpoints.require(folder))
    assert "LeNet/conv1/weights/ExponentialMovingAverage" in held
    assert held["LeNet/fc4/biases"] == [3]


def test_without_a_dataset_it_trains_on_the_digits(run, tmp_path):
    printed = run(
        MODULE,
        "--model=lenet",
        "--image_size=32",
        f"--train_dir={tmp_path}",
        "--batch_size=4",
        "--max_number_of_steps=1",
        "--optimizer=sgd",
    )
    [line] = [x for x in printed.splitlines() if x.startswith("no --dataset_dir")]
    assert "--preprocessing_name=plain" in line
    assert "--optimizer" not in line and "--num_epochs" not in line
    flags = json.loads((tmp_path / "settings.json").read_text())["flags"]
    assert (flags["optimizer"], flags["preprocessing_name"]) == ("sgd", "plain")


@pytest.mark.slow  # tests/training/test_resuming.py has it in one process
def test_after_sigkill_it_goes_on_and_sigterm_saves(start, colours, tmp_path):
    command = (
        MODULE,
        *NETWORK,
        f"--dataset_dir={colours}",
        f"--train_dir={tmp_path}",
        "--batch_size=4",
        "--save_interval_steps=2",
        "--max_checkpoints_to_keep=0",  # so that a slow watcher misses none
    )
    killed = start(*command)
    wait_for(tmp_path / "checkpoint", killed)
    killed.kill()
    killed.communicate()
    last = checkpoints.require(tmp_path)
    step = checkpoints.get_step(last)

    again = start(*command)
    wait_for(tmp_path / f"model.ckpt-{step + 2}.index", again)
    again.send_signal(signal.SIGTERM)
    printed, said = again.communicate()
    assert again.returncode == 128 + signal.SIGTERM, said
    assert f"resuming from {last}, step {step}\n" in printed
    saved = checkpoints.require(tmp_path)
    assert checkpoints.get_step(saved) >= step + 2
    assert f"interrupted by SIGTERM; saved {saved}. The same command" in printed


@pytest.mark.slow
def test_two_workers(start, colours, tmp_path):
    """Only the chief writes; the checkpoint then serves one process."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    workers = [
        start(
            MODULE,
            *NETWORK,
            f"--dataset_dir={colours}",
            f"--train_dir={tmp_path / 'run'}",
            "--strategy=multi_worker",
            "--batch_size=6",
            "--max_number_of_steps=3",
            "--eval_every=2",
            "--optimizer=sgd",
            "--moving_average_decay=0.9",
            TF_CONFIG=json.dumps(
                {"cluster": cluster, "task": {"type": "worker", "index": index}}
            ),
        )
        for index in range(2)
    ]
    for worker in workers:
        _, said = worker.communicate(timeout=PATIENCE)
        assert worker.returncode == 0, said
    names = {path.name for path in (tmp_path / "run").iterdir() if path.is_file()}
    events = {name for name in names if name.startswith("events.")}
    assert len(events) == 1
    assert names - events == {
        "checkpoint",
        "metrics.csv",
        "metrics.jsonl",
        "run.flags",
        "settings.json",
        *(
            f"model.ckpt-{step}.{part}"
            for step in (2, 3)
            for part in ("index", "data-00000-of-00001")
        ),
    }
    config = dataclass_flags.from_dict(
        EvalConfig, {"checkpoint_path": str(tmp_path / "run")}
    )
    [result] = evaluator.evaluate(config)
    assert result.summary.num_examples == 7 and result.report.averaged
    lines = [
        *map(json.loads, (tmp_path / "run/metrics.jsonl").read_text().splitlines())
    ]
    assert [line["step"] for line in lines] == [2, 3]
    assert lines[1]["top1"] == result.summary.top1
    assert lines[1]["loss"] == pytest.approx(result.summary.loss, rel=1e-5)
    assert tf.train.latest_checkpoint(str(tmp_path / "run")) == result.report.path


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--model=mobilenet"],
            "unknown network 'mobilenet'; did you mean mobilenet_v",
        ),
        (["--model=alexnet_v2", "--dataset_dir=/none"], "no folder /none; give the"),
        (["--model", "alexnet_v2", "fast"], "unexpected 'fast'; flags begin with --"),
    ],
)
def test_bad_input(refuses, tmp_path, flags, message):
    assert message in refuses(MODULE, *flags, f"--train_dir={tmp_path}")
