"""Ctrl-C and SIGTERM as requests that the training loop can honour."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Interruption:
    """Which signal asked to stop, by name; None while there was none."""

    by: str | None = None


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Turns the first SIGINT or SIGTERM into a request that the loop can honour.

    The second one acts as usual. Does nothing outside the main thread, where Python
    has no signal handlers.
    """
    asked = Interruption()
    previous: dict[signal.Signals, Any] = {}  # handlers

    def note(number: int, frame: FrameType | None) -> None:
        asked.by = signal.Signals(number).name
        restore()

    def restore() -> None:
        for name, handler in previous.items():
            signal.signal(name, handler)

    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            previous[name] = signal.signal(name, note)
        except ValueError:
            break
    try:
        yield asked
    finally:
        restore()
