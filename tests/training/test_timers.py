"""What is due, how fast it goes, and the share of the time that is waited."""

import pytest

from slimnets.training import timers


class Clock:
    """A clock that goes on by command."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Puts a clock in the place of timers' time."""
    clock = Clock()
    monkeypatch.setattr(timers, "time", clock)
    return clock


def test_every_n_steps(clock):
    every = timers.Every(steps=3)
    assert [step for step in range(1, 10) if every.due(step)] == [3, 6, 9]


def test_steps_in_between_fall_due_at_the_next_that_is_asked_about(clock):
    every = timers.Every(7, steps=5)
    assert [step for step in (8, 9, 11, 14, 21, 24, 25) if every.due(step)] == [
        11,
        21,
        25,
    ]


def test_every_n_seconds(clock):
    every, due = timers.Every(secs=10), []
    for step in range(1, 8):
        clock.now += 4
        if every.due(step):
            due.append(step)
    assert due == [3, 6]


def test_steps_start_the_clock_anew(clock):
    every = timers.Every(steps=5, secs=10)
    clock.now += 9
    assert every.due(5)
    clock.now += 9
    assert not every.due(6)
    clock.now += 1
    assert every.due(7)


def test_never(clock):
    every = timers.Every()
    clock.now += 1e9
    assert not any(every.due(step) for step in range(1, 100))


class TestWaiting:
    """The share of the time, and the line that is said once."""

    def interval(self, clock, waiting, waits, works) -> float:
        with waiting.data():
            clock.now += waits
        clock.now += works
        return waiting.since_last()

    def test_share(self, clock):
        waiting = timers.Waiting(print)
        assert self.interval(clock, waiting, 1, 3) == 0.25
        assert self.interval(clock, waiting, 0, 3) == 0

    def test_it_says_so_once_and_not_of_the_start(self, clock):
        said = []
        waiting = timers.Waiting(said.append)
        self.interval(clock, waiting, 9, 1)
        self.interval(clock, waiting, 1, 19)
        self.interval(clock, waiting, 1, 1)
        assert not said
        for _ in range(3):
            self.interval(clock, waiting, 2, 8)
        [line] = said
        assert line.startswith("the network waits for data 20% of the time; ")


def test_rate(clock):
    rate = timers.Rate(10, batch_size=8)
    clock.now += 4
    assert rate.since_last(12) == (4.0, 2.0)
    clock.now += 1
    assert rate.since_last(14) == (16.0, 0.5)
