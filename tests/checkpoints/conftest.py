"""The networks, images and runs of tests/tiny_runs.py, for the tests of this folder."""

from tests.tiny_runs import config, tiny_networks, toy_data  # noqa: F401
