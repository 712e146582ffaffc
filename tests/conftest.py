"""Every test sees two logical CPUs, for replicas, and the same random numbers."""

import gc
import os
from collections.abc import Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
import tensorflow as tf

from slimnets.nets import registry
from tests import tiny

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration()] * 2,
)


def pytest_collection_finish() -> None:
    """Spares the collector of cycles what was imported, a half of all objects."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    tf.random.set_seed(0)


@pytest.fixture
def ended_pipelines() -> Iterator[None]:
    """Ends the pipelines that an error keeps alive.

    On a busy processor tf.data may take as long to end a pipeline as it has run: the
    thread that tunes it misses the call to end, and sleeps on.
    """
    yield
    gc.collect()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds what the test of every network takes."""
    parser.addoption(
        "--whole_networks",
        action="store_true",
        help="Test networks from their own tables, not from short ones: hours.",
    )


@pytest.fixture(scope="module")
def short_networks(pytestconfig: pytest.Config) -> Iterator[None]:
    """Gives the networks of the registry the short tables of tests/tiny.py."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        if not pytestconfig.getoption("whole_networks"):
            for name in tiny.WHOLE:
                monkeypatch.setitem(registry.NETWORKS, name, tiny.short_row(name))
        yield
