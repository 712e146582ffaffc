"""What happens beside the training steps: the clock, the progress, the summaries."""

import datetime
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import tensorflow as tf
from tqdm import tqdm


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


class Progress:
    """A bar on a terminal, lines in TF-Slim's form in a log."""

    def __init__(self, start: int, end: int | None):
        """Begins at step `start`; `end` is the last step, None if there is none."""
        self._end = end
        self._bar = tqdm(
            total=end,
            initial=start,
            unit="step",
            dynamic_ncols=True,
            disable=not sys.stderr.isatty(),
        )

    def step(self, count: int = 1) -> None:
        """Moves by some steps."""
        self._bar.update(count)

    def report(self, step: int, loss: float, rate: tuple[float, float]) -> None:
        """Shows the loss, the speed (as Rate gives it) and the time left."""
        images_per_second, seconds = rate
        if not self._bar.disable:
            self._bar.set_postfix_str(
                f"loss {loss:.4f}, {images_per_second:.1f} images/s"
            )
            return
        left = ""
        if self._end is not None:
            rest = datetime.timedelta(seconds=round((self._end - step) * seconds))
            left = f", {rest} left"
        print(
            f"global step {step}: loss = {loss:.4f} ({seconds:.3f} sec/step,"
            f" {images_per_second:.1f} images/s{left})",
            flush=True,
        )

    def note(self, line: str) -> None:
        """Says a line between the others."""
        self._bar.write(line)

    def close(self) -> None:
        """Ends the bar."""
        self._bar.close()


class Summaries:
    """Scalars and input images for TensorBoard."""

    def __init__(self, directory: str | None):
        """Writes event files to `directory`; None writes nothing."""
        self._writer = (
            tf.summary.create_file_writer(directory)
            if directory
            else tf.summary.create_noop_writer()
        )

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Writes named values."""
        with self._writer.as_default(step):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def images(self, step: int, name: str, images: tf.Tensor, most: int = 4) -> None:
        """Writes up to `most` images, each stretched to black and white.

        Args:
          step: the global step.
          name: the summary's tag.
          images: float [batch, height, width, 1 or 3], of any range.
          most: number of images.
        """
        shown = images[:most]
        low = tf.reduce_min(shown, axis=[1, 2, 3], keepdims=True)
        high = tf.reduce_max(shown, axis=[1, 2, 3], keepdims=True)
        with self._writer.as_default(step):
            stretched = (shown - low) / tf.maximum(high - low, 1e-6)
            tf.summary.image(name, stretched, max_outputs=most)

    def close(self) -> None:
        """Writes what is left and closes the file."""
        self._writer.close()


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
    previous = {}

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
