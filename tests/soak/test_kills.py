"""The soak in small: a training and a worker, killed by SIGKILL."""

import os
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_a_worker_that_was_killed_is_named_and_its_training_ends_as_another():
    ended = subprocess.run(
        [sys.executable, "-m", "tests.soak.worker_kills", "--kills=1", "--steps=20"],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},  # as a program sets it
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    first, last = ended.stdout.splitlines()
    assert first.startswith("1: sgd, worker 1 killed after ")
    assert "named by the other after " in first
    assert last.startswith("1 of 1 named and bit-equal, ")


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
