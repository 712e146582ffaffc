"""Ctrl-C and SIGTERM: they end a run before its loop; in it they ask to save."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any


class Stopped(SystemExit):
    """SIGTERM came before the training loop, when there was nothing to save."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


class Interruption:
    """What signals have asked for.

    Attributes:
      by: the name of the signal that asked the loop to stop; None while there was none.
    """

    def __init__(self) -> None:
        self.by: str | None = None
        self._in_loop = False
        self._previous: dict[signal.Signals, Any] = {}  # handlers

    def begin_loop(self) -> None:
        """From now on the first signal is a request to save and stop.

        Another SIGTERM changes nothing: systems that stop a job may send several.
        Another Ctrl-C acts as usual, for those who do not want to wait.
        """
        self._in_loop = True
        # Again: as workers meet, TensorFlow takes SIGTERM for itself.
        for number in self._previous:
            signal.signal(number, self._receive)

    def begin(self) -> None:
        """Receives signals; does nothing outside the main thread, which alone can."""
        with contextlib.suppress(ValueError):
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._receive)

    def end(self) -> None:
        """Gives signals back to those who received them before."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self._in_loop and self.by is None:
            self.by = signal.Signals(number).name
        elif number == signal.SIGINT:
            self.end()
            signal.raise_signal(signal.SIGINT)
        elif not self._in_loop:
            raise Stopped


@contextlib.contextmanager
def interruptible() -> Iterator[Interruption]:
    """Receives this process's signals, as `Interruption` says, while it is open.

    Raises:
      Stopped: SIGTERM came before the loop.
    """
    interruption = Interruption()
    interruption.begin()
    try:
        yield interruption
    finally:
        interruption.end()
