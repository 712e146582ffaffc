"""Programs run from the command line's words, and what they work on."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from slimnets.datasets import arrays
from tests.binaries import programs

NETWORK = ("--model=lenet", "--image_size=32", "--preprocessing_name=plain")


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen]]:
    """Returns what starts a program; those still running are killed at the end."""
    started = []

    def start(module: str, *flags: str, **environment: str) -> subprocess.Popen:
        started.append(programs.start(module, *flags, **environment))
        return started[-1]

    yield start
    for program in started:
        program.kill()
        program.communicate()


@pytest.fixture
def run() -> Callable[..., str]:
    """Returns what runs a program, which must succeed, and gives what it prints."""

    def run(module: str, *words: str) -> str:
        ended = programs.run(module, *words)
        assert ended.status == 0, ended.said
        return ended.printed

    return run


@pytest.fixture
def refuses() -> Callable[..., str]:
    """Returns what runs a program on bad input, and gives the one line it says."""

    def refuses(module: str, *words: str) -> str:
        ended = programs.run(module, *words)
        assert ended.status == 2, ended.said
        assert "Traceback" not in ended.said
        line = ended.said.splitlines()[-1]
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
    ended = programs.run(
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
    assert ended.status == 0, ended.said
    return folder, ended.printed
