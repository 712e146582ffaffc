"""The networks, images and runs of tests/tiny_runs.py, and a run to look after."""

from pathlib import Path

import pytest

from slimnets.training import trainer
from tests.tiny_runs import (  # noqa: F401
    config,
    make_config,
    silent,
    tiny_networks,
    toy_data,
)


@pytest.fixture(scope="session")
def trained() -> dict[str, Path]:
    """Returns what keeps the folder of the run from one module to the next."""
    return {}


@pytest.fixture(scope="module")
def run(
    trained: dict[str, Path],
    toy_data: str,  # noqa: F811
    tiny_networks: None,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Returns the folder of a run with batch norm, slots and averages; to read only."""
    if "run" in trained:
        return trained["run"]
    folder = tmp_path_factory.mktemp("trained")
    trainer.train(
        make_config(
            toy_data,
            folder,
            model="tiny_bn",
            optimizer="momentum",
            moving_average_decay=0.5,
            max_number_of_steps=3,
            save_interval_steps=1,
        ),
        silent,
    )
    trained["run"] = folder / "run"
    return trained["run"]
