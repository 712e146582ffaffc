"""Every test sees two logical CPUs, for replicas, and the same random numbers."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
import tensorflow as tf

from slimnets.nets import registry
from tests import tiny

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration()] * 2,
)


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    tf.random.set_seed(0)


@pytest.fixture
def short_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts the networks of tests/tiny.py in the place of those they resemble."""
    for name, row in tiny.NETWORKS.items():
        monkeypatch.setitem(registry.NETWORKS, name, row)
    for module, table, short in tiny.SHORT_TABLES:
        monkeypatch.setattr(module, table, short)
