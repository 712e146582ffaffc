"""The networks, images and runs of tests/tiny_runs.py, and a clock, for this folder."""

import shutil
from pathlib import Path

import pytest

from slimnets.training import trainer
from tests.clocks import during_sleep  # noqa: F401
from tests.tiny_runs import config, make_config, tiny_networks, toy_data  # noqa: F401


@pytest.fixture(scope="module")
def trained(
    tiny_networks: None,  # noqa: F811
    toy_data: str,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Returns a run's folder: batch norm, two steps, some of its images right."""
    folder = tmp_path_factory.mktemp("trained")
    trainer.train(make_config(toy_data, folder, model="tiny_bn"), lambda line: None)
    return folder / "run"


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """Returns a copy of the trained network's folder, which a test may change."""
    return shutil.copytree(trained, tmp_path / "run")
