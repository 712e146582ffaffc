"""The first signal is a request, the second acts as usual."""

import os
import signal
import threading

import pytest

from slimnets.training import interruption


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_first_signal_is_a_request_and_the_second_acts(name):
    number = signal.Signals[name]
    received = []
    before = signal.signal(number, lambda *_: received.append("as usual"))
    try:
        with interruption.interruptible() as asked:
            assert asked.by is None
            os.kill(os.getpid(), number)
            assert (asked.by, received) == (name, [])
            os.kill(os.getpid(), number)
            assert received == ["as usual"]
        with interruption.interruptible() as asked:
            pass
        os.kill(os.getpid(), number)
        assert asked.by is None and len(received) == 2
    finally:
        signal.signal(number, before)


def test_outside_the_main_thread_nothing_changes():
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def run() -> None:
        with interruption.interruptible() as asked:
            seen.append(asked.by)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [None] and signal.getsignal(signal.SIGTERM) is before
