"""train.convert_dataset from the command line."""

import struct

import numpy as np
import pytest

from slimnets.datasets import registry
from slimnets.datasets.registry import get_dataset

MODULE = "train.convert_dataset"


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


def test_help_begins_with_an_example(helps):
    assert len(helps(MODULE).strip().splitlines()) <= 4


def test_mnist_is_converted_with_a_summary(run, mnist, tmp_path):
    output = tmp_path / "out"
    printed = run(MODULE, "--dataset=mnist", f"--source={mnist}", f"--output={output}")
    assert "30 examples of 10 classes" in printed
    test = get_dataset(str(output), "test")
    assert (test.num_examples, test.channels, test.num_classes) == (10, 1, 10)


def test_digits_need_no_source(run, tmp_path):
    pytest.importorskip("sklearn", reason="scikit-learn holds the digits")
    run(MODULE, "--dataset=digits", f"--output={tmp_path / 'out'}")
    for path in registry.DIGITS.iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


def test_missing_source_is_one_line_and_the_status_is_2(refuses, tmp_path):
    line = refuses(MODULE, "--dataset=cifar10", f"--output={tmp_path / 'out'}")
    assert line.startswith("error: --dataset=cifar10 needs --source")
