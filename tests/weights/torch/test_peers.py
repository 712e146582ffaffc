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


@pytest.mark.parametrize(("network", "table"), peers.PEERS)
def test_logits_are_the_librarys(network, table, folder):
    program = (PYTHON, "-m", "tests.weights.torch.peers")
    command = (*program, "compute", network, table, folder)
    subprocess.run(command, cwd=PROJECT, check=True)
    conversion = convert.convert(
        "torch", str(folder / peers.WEIGHTS), network, folder, variant=table
    )
    assert not conversion.report.unused

    peer = peers.PEERS[network, table]
    arguments = {**conversion.arguments, **peer.arguments}
    ours = slimnets.Model(network, peers.CLASSES, image_size=peer.size, **arguments)
    ours.restore(folder)
    logits = ours(np.load(folder / peers.IMAGES))[0].numpy()
    expected = np.load(folder / peers.LOGITS)
    error = np.abs(logits - expected).max()
    print(f"{network} {table}: {error / np.abs(expected).max():.1e}")
    assert error < 1e-4 * np.abs(expected).max()
    # Weights that make all images alike would prove nothing.
    assert error < 1e-2 * np.abs(np.diff(expected, axis=0)).max()
