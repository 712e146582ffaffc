"""The soak in small: one training, killed by SIGKILL, in processes of its own."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_a_training_that_was_killed_ends_as_one_that_was_not():
    ended = subprocess.run(
        [sys.executable, "-m", "tests.soak.kills", "--kills=1", "--steps=8"],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    first, last = ended.stdout.splitlines()
    assert first.startswith("1: sgd, several steps a call, killed after ")
    assert first.endswith(": 7 of 7 variables equal")
    assert last.startswith("1 of 1 bit-equal, after ")
