"""Clocks and counts of the training loop: what is due, how fast it goes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Interval:
    """Says when something that happens every n steps or seconds is due."""

    def __init__(
        self,
        step: int = 0,
        *,
        steps: int = 0,
        secs: float = 0.0,
        at_once: bool = False,
    ):
        """Starts the clock at `step`.

        Args:
          step: the present one.
          steps: from one time to the next; 0 for never.
          secs: seconds from one time to the next; 0 for never. With both given, what
            comes first counts.
          at_once: whether it is due at the first step, too.
        """
        self._steps = steps
        self._secs = secs
        self._at_once = at_once
        self._seen = step
        self._last = time.monotonic()

    def is_due(self, step: int) -> bool:
        """Returns whether it fell due since the step last asked about.

        Steps fall due at multiples of n, so that a resumed run keeps to them.
        """
        now = time.monotonic()
        by_step = self._steps > 0 and step // self._steps > self._seen // self._steps
        self._seen = step
        by_clock = self._secs > 0 and now - self._last >= self._secs
        due = by_step or by_clock or self._at_once
        self._at_once = False
        if due:
            self._last = now
        return due


class Throughput:
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


class Mean:
    """The mean of some numbers since it was last taken."""

    def __init__(self) -> None:
        self._sum, self._count = 0.0, 0

    def add(self, number: float) -> None:
        """Counts a number."""
        self._sum += number
        self._count += 1

    def take(self) -> float | None:
        """Returns the mean, None of no numbers, and begins anew."""
        mean = self._sum / self._count if self._count else None
        self._sum, self._count = 0.0, 0
        return mean


class DataWait:
    """What share of the time goes into waiting for data.

    The network and the input run side by side, so a wait means that the input is the
    slower of the two.
    """

    WORTH_LOGGING = 0.1
    LONG_ENOUGH = 5.0  # seconds; the share of a shorter interval is noise

    def __init__(self, log: Callable[[str], None]):
        """Starts the clock; `log` gets a line, once, where too much is waited."""
        self._log: Callable[[str], None] | None = log
        self._waited, self._began = 0.0, time.monotonic()
        self._first = True

    @contextmanager
    def measure(self) -> Iterator[None]:
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
        if telling and share > self.WORTH_LOGGING and self._log:
            self._log(
                f"the network waits for data {share:.0%} of the time; python -m"
                " benchmarks.benchmark_pipeline times each by itself, and --cache,"
                " --num_readers or --data_service may help"
            )
            self._log = None
        self._first = False
        return share
