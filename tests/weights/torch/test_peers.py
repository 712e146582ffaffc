"""PyTorch's weights as ours: the same images give the same logits as in the library.

The library computes in an interpreter of its own, which `make test-peers` installs.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import slimnets
from slimnets.weights import convert
from tests.weights.torch import peers

PROJECT = Path(__file__).parents[3]
PYTHON = os.environ.get("PEERS_PYTHON", sys.executable)

pytestmark = pytest.mark.peers


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Returns an empty folder, which is removed: all weights are 10 GB."""
    yield tmp_path
    shutil.rmtree(tmp_path)


# A network of each kind of layers.
BACK = (
    "convnext_tiny",
    "densenet_121",
    "efficientnet_b0",
    "inception_v3",
    "inception_resnet_v2",
    "mobilenet_v2_035",
    "mobilenet_v3_small",
    "pnasnet_large",
    "regnet_y_400mf",
    "resnet50_v1_5",
    "resnet_v2_50",
    "vgg_a",
    "xception",
)


def run(command, network, table, folder):
    """Returns the logits that the library computes."""
    program = (PYTHON, "-m", "tests.weights.torch.peers")
    arguments = (*program, command, network, table, folder)
    subprocess.run(arguments, cwd=PROJECT, check=True)
    return np.load(folder / peers.LOGITS)


@pytest.mark.parametrize(("network", "table"), peers.PEERS)
def test_logits_are_the_librarys(network, table, folder):
    expected = run("compute", network, table, folder)
    conversion = convert.convert(
        "torch", str(folder / peers.WEIGHTS), network, folder, variant=table
    )
    assert not conversion.report.unused

    peer = peers.PEERS[network, table]
    arguments = {**conversion.arguments, **peer.arguments}
    ours = slimnets.Model(network, peers.CLASSES, image_size=peer.size, **arguments)
    ours.restore(folder)
    logits = ours(np.load(folder / peers.IMAGES))[0].numpy()
    error = np.abs(logits - expected).max()
    print(f"{network} {table}: {error / np.abs(expected).max():.1e}")
    assert error < 1e-4 * np.abs(expected).max()
    # Weights that make all images alike would prove nothing.
    assert error < 1e-2 * np.abs(np.diff(expected, axis=0)).max()


@pytest.mark.parametrize(
    ("network", "table"), [case for case in peers.PEERS if case[0] in BACK]
)
def test_there_and_back(network, table, folder):
    expected = run("compute", network, table, folder)
    weights = str(folder / peers.WEIGHTS)
    convert.convert("torch", weights, network, folder, variant=table)
    given = folder / peers.GIVEN
    convert.convert(
        "checkpoint", str(folder), network, given, to="torch", variant=table
    )
    logits = run("apply", network, table, folder)
    assert np.abs(logits - expected).max() < 1e-4 * np.abs(expected).max()
