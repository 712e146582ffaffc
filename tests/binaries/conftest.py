"""Programs as users start them, in processes of their own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from slimnets.datasets import arrays

ROOT = Path(__file__).parents[2]
NETWORK = ("--model=mobilenet_v1_025", "--image_size=32", "--preprocessing_name=plain")

Program = subprocess.Popen


def start_program(module: str, *flags: str, **environment: str) -> Program:
    """Starts `python -m module`; on CPUs, so that every machine does the same."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", module, *flags],
        cwd=ROOT,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    """Returns what starts a program; those still running are killed at the end."""
    started = []

    def start(module: str, *flags: str, **environment: str) -> Program:
        started.append(start_program(module, *flags, **environment))
        return started[-1]

    yield start
    for program in started:
        program.kill()
        program.communicate()


@pytest.fixture
def refuses(start) -> Callable[..., str]:
    """Returns what runs a program on bad input, and gives the one line it says."""

    def refuses(module: str, *flags: str) -> str:
        program = start(module, *flags)
        _, said = program.communicate()
        assert program.returncode == 2, said
        assert "Traceback" not in said
        line = said.splitlines()[-1]
        assert line.startswith("error: ")
        return line

    return refuses


@pytest.fixture
def helps(start) -> Callable[[str], str]:
    """Returns what runs a program's --help, and gives the text up to its example."""

    def helps(module: str) -> str:
        text, _ = start(module, "--help").communicate()
        before, example, _ = text.partition(f"python -m {module}")
        assert example, text
        return before

    return helps


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Returns a dataset's folder: 12 images in train and 7 in test, of 3 colours."""
    folder = tmp_path_factory.mktemp("colours")
    splits = {}
    for name, examples in (("train", 12), ("test", 7)):
        labels = np.arange(examples) % 3
        images = np.zeros([examples, 8, 8, 3], np.uint8)
        images[np.arange(examples), :, :, labels] = 200
        images[:, 0, 0, 0] = np.arange(examples)  # no two alike
        splits[name] = arrays.Split(images, labels)
    data = arrays.ArrayDataset("colours", ("red", "green", "blue"), splits)
    arrays.convert(data, folder)
    return str(folder)


@pytest.fixture(scope="session")
def mirrored_run(
    colours: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """Returns the train_dir of a run on two logical CPUs, and what it printed."""
    folder = tmp_path_factory.mktemp("mirrored")
    program = start_program(
        "train.train_image_classifier",
        *NETWORK,
        f"--dataset_dir={colours}",
        f"--train_dir={folder}",
        "--strategy=mirrored",
        "--num_clones=2",
        "--clone_on_cpu",
        "--batch_size=6",
        "--max_number_of_steps=3",
        "--moving_average_decay=0.9",
    )
    printed, said = program.communicate()
    assert program.returncode == 0, said
    return folder, printed
