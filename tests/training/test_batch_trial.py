"""Trying out a batch size: in a process of its own, which may come to any end."""

import multiprocessing
import os
import signal

import pytest

from slimnets import errors
from slimnets.training import batch_trial, interruption

NETWORK = {"model": "mobilenet_v1_025", "image_size": 32, "batch_size": 8}


def send_nothing(config, sender) -> None:
    """Ends by the signal that the seed names, or with status 3."""
    if config.run.seed:
        os.kill(os.getpid(), config.run.seed)
    os._exit(3)


def send_sigterm_to_both(config, sender) -> None:
    """Does what a system does that stops a job, then what takes for ever."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.kill(os.getppid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    while True:
        signal.pause()


@pytest.mark.slow
def test_a_trial(config):
    trial = batch_trial.measure_in_subprocess(config(**NETWORK))
    assert trial.batch_size == 8 and trial.examples == 12
    assert trial.images_per_second > 0
    assert trial.gigabytes is None or 0.1 < trial.gigabytes < 10


@pytest.mark.slow
def test_what_is_at_fault_is_said(config):
    with pytest.raises(errors.InputError, match="unknown network 'tinyy'"):
        batch_trial.measure_in_subprocess(config(model="tinyy"))


def test_a_killed_process_was_out_of_memory(config, monkeypatch):
    monkeypatch.setattr(batch_trial, "_run_trial", send_nothing)
    with pytest.raises(batch_trial.OutOfMemory):
        batch_trial.measure_in_subprocess(config(seed=int(signal.SIGKILL)))


def test_another_end_is_an_error(config, monkeypatch):
    monkeypatch.setattr(batch_trial, "_run_trial", send_nothing)
    with pytest.raises(errors.InputError, match="trying 4 ended with status 3; in a"):
        batch_trial.measure_in_subprocess(config(seed=None))


@pytest.mark.slow
def test_sigterm_leaves_no_trial_behind(config, monkeypatch):
    monkeypatch.setattr(batch_trial, "_run_trial", send_sigterm_to_both)
    of_other_tests = multiprocessing.active_children()
    with pytest.raises(SystemExit), interruption.interruptible():
        batch_trial.measure_in_subprocess(config())
    assert multiprocessing.active_children() == of_other_tests
