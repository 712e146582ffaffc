"""The networks, images and runs of tests/tiny_runs.py, and a clock, for this folder."""

from tests.clocks import during_sleep  # noqa: F401
from tests.tiny_runs import config, tiny_networks, toy_data  # noqa: F401
