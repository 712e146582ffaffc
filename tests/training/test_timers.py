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
    every = timers.Interval(steps=3)
    assert [step for step in range(1, 10) if every.is_due(step)] == [3, 6, 9]


def test_steps_in_between_fall_due_at_the_next_that_is_asked_about(clock):
    every = timers.Interval(7, steps=5)
    assert [step for step in (8, 9, 11, 14, 21, 24, 25) if every.is_due(step)] == [
        11,
        21,
        25,
    ]


def test_every_n_seconds(clock):
    every, due = timers.Interval(secs=10), []
    for step in range(1, 8):
        clock.now += 4
        if every.is_due(step):
            due.append(step)
    assert due == [3, 6]


def test_steps_start_the_clock_anew(clock):
    every = timers.Interval(steps=5, secs=10)
    clock.now += 9
    assert every.is_due(5)
    clock.now += 9
    assert not every.is_due(6)
    clock.now += 1
    assert every.is_due(7)


def test_at_once_and_then_every_n_seconds(clock):
    every = timers.Interval(secs=10, at_once=True)
    clock.now += 4
    assert every.is_due(1)
    clock.now += 9
    assert not every.is_due(2)
    clock.now += 1
    assert every.is_due(3)


def test_never(clock):
    every = timers.Interval()
    clock.now += 1e9
    assert not any(every.is_due(step) for step in range(1, 100))


class TestDataWait:
    """The share of the time, and the line that is said once."""

    def interval(self, clock, waiting, waits, works) -> float:
        with waiting.measure():
            clock.now += waits
        clock.now += works
        return waiting.since_last()

    def test_share(self, clock):
        waiting = timers.DataWait(print)
        assert self.interval(clock, waiting, 1, 3) == 0.25
        assert self.interval(clock, waiting, 0, 3) == 0

    def test_it_says_so_once_and_not_of_the_start(self, clock):
        said = []
        waiting = timers.DataWait(said.append)
        self.interval(clock, waiting, 9, 1)
        self.interval(clock, waiting, 1, 19)
        self.interval(clock, waiting, 1, 1)
        assert not said
        for _ in range(3):
            self.interval(clock, waiting, 2, 8)
        [line] = said
        assert line.startswith("the network waits for data 20% of the time; ")


def test_throughput(clock):
    throughput = timers.Throughput(10, batch_size=8)
    clock.now += 4
    assert throughput.since_last(12) == (4.0, 2.0)
    clock.now += 1
    assert throughput.since_last(14) == (16.0, 0.5)
