"""Before the loop SIGTERM ends a run; in it the first signal is a request."""

import os
import signal
import threading

import pytest

from slimnets.training import interruption


@pytest.fixture
def received():
    """Returns the names of signals that reach those who received them before."""
    names = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [
        signal.signal(number, lambda n, _: names.append(signal.Signals(n).name))
        for number in numbers
    ]
    yield names
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def send(name: str) -> None:
    os.kill(os.getpid(), signal.Signals[name])


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_in_the_loop_the_first_signal_is_a_request(received, name):
    with interruption.interruptible() as asked:
        asked.begin_loop()
        assert asked.by is None
        send(name)
        assert (asked.by, received) == (name, [])
    send(name)
    assert received == [name]


def test_a_second_sigterm_changes_nothing_and_ctrl_c_acts(received):
    with interruption.interruptible() as asked:
        asked.begin_loop()
        for _ in range(3):
            send("SIGTERM")
        assert (asked.by, received) == ("SIGTERM", [])
        send("SIGINT")
        assert received == ["SIGINT"]


def test_before_the_loop_sigterm_ends_the_run(received):
    with pytest.raises(SystemExit) as ending, interruption.interruptible():
        send("SIGTERM")
    assert ending.value.code == 143 and received == []


def test_before_the_loop_ctrl_c_acts_as_usual(received):
    with interruption.interruptible() as asked:
        send("SIGINT")
    assert (asked.by, received) == (None, ["SIGINT"])


def test_outside_the_main_thread_nothing_changes():
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def run() -> None:
        with interruption.interruptible() as asked:
            asked.begin_loop()
            seen.append(asked.by)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [None] and signal.getsignal(signal.SIGTERM) is before
