"""Clocks that tests move."""

import pytest

from slimnets.checkpoints import iterator


@pytest.fixture
def during_sleep(monkeypatch):
    """Returns a list of what happens while the evaluation sleeps, in order."""
    events, now = [], [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if events:
            events.pop(0)()

    monkeypatch.setattr(iterator.time, "sleep", sleep)
    monkeypatch.setattr(iterator.time, "monotonic", lambda: now[0])
    return events
