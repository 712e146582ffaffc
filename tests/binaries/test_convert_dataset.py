"""train.convert_dataset from the command line."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from slimnets.datasets import registry
from slimnets.datasets.registry import get_dataset

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mnist(tmp_path):
    folder = tmp_path / "mnist"
    folder.mkdir()
    for prefix, count in (("train", 20), ("t10k", 10)):
        images = np.arange(count * 784).astype(np.uint8).tobytes()
        header = b"\x00\x00\x08\x03" + struct.pack(">3I", count, 28, 28)
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(header + images)
        labels = (np.arange(count) % 10).astype(np.uint8).tobytes()
        header = b"\x00\x00\x08\x01" + struct.pack(">I", count)
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(header + labels)
    return folder


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "train.convert_dataset", *arguments],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_mnist_is_converted_with_a_summary(mnist, tmp_path):
    output = tmp_path / "out"
    done = run("--dataset=mnist", f"--source={mnist}", f"--output={output}")
    assert done.returncode == 0, done.stderr
    assert "30 examples of 10 classes" in done.stdout
    test = get_dataset(str(output), "test")
    assert (test.num_examples, test.channels, test.num_classes) == (10, 1, 10)


def test_digits_need_no_source(tmp_path):
    pytest.importorskip("sklearn", reason="scikit-learn holds the digits")
    done = run("--dataset=digits", f"--output={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    for path in registry.DIGITS.iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


def test_missing_source_is_one_line_and_the_status_is_2(tmp_path):
    done = run("--dataset=cifar10", f"--output={tmp_path / 'out'}")
    assert done.returncode == 2
    assert "error: --dataset=cifar10 needs --source" in done.stderr
    assert "Traceback" not in done.stderr
