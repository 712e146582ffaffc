"""Clocks of the training loop: what is due, how fast it goes, what it waits for."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Every:
    """Says when something that happens every n steps or seconds is due."""

    def __init__(self, step: int = 0, *, steps: int = 0, secs: float = 0.0):
        """Starts the clock at `step`.

        0 steps or seconds mean never; with both given, what comes first counts.
        """
        self._steps = steps
        self._secs = secs
        self._seen = step
        self._last = time.monotonic()

    def due(self, step: int) -> bool:
        """Whether it fell due since the step last asked about; starts the clock anew.

        Steps fall due at multiples of n, so that a run that goes on keeps to them.
        """
        now = time.monotonic()
        by_step = self._steps > 0 and step // self._steps > self._seen // self._steps
        self._seen = step
        by_clock = self._secs > 0 and now - self._last >= self._secs
        if by_step or by_clock:
            self._last = now
        return by_step or by_clock


class Rate:
    """Images per second and seconds per step since it was last asked."""

    def __init__(self, step: int, batch_size: int):
        """Starts at `step` with `batch_size` images a step."""
        self._batch_size = batch_size
        self._step, self._time = step, time.monotonic()

    def since_last(self, step: int) -> tuple[float, float]:
        """Returns (images per second, seconds per step) up to `step`."""
        now = time.monotonic()
        steps, secs = max(step - self._step, 1), max(now - self._time, 1e-9)
        self._step, self._time = step, now
        return steps * self._batch_size / secs, secs / steps


class Waiting:
    """What share of the time goes into waiting for data.

    The network and the input run side by side, so a wait means that the input is the
    slower of the two.
    """

    WORTH_SAYING = 0.1
    LONG_ENOUGH = 5.0  # seconds; a share of less says little

    def __init__(self, say: Callable[[str], None]):
        """Starts the clock; `say` gets a line, once, where too much is waited."""
        self._say: Callable[[str], None] | None = say
        self._waited, self._began = 0.0, time.monotonic()
        self._first = True

    @contextmanager
    def data(self) -> Iterator[None]:
        """Counts the time spent inside as waiting."""
        began = time.monotonic()
        yield
        self._waited += time.monotonic() - began

    def since_last(self) -> float:
        """Returns the share, in [0, 1], since it was last asked."""
        now = time.monotonic()
        seconds = now - self._began
        share = self._waited / max(seconds, 1e-9)
        self._waited, self._began = 0.0, now
        # The first interval has the start of both in it.
        telling = seconds >= self.LONG_ENOUGH and not self._first
        if telling and share > self.WORTH_SAYING and self._say:
            self._say(
                f"the network waits for data {share:.0%} of the time; python -m"
                " benchmarks.benchmark_pipeline times each by itself, and --cache,"
                " --num_readers or --data_service may help"
            )
            self._say = None
        self._first = False
        return share
