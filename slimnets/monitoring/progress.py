"""How far a run has come: a bar on a terminal, lines in a log."""

import datetime
import sys

from tqdm import tqdm


class TrainingProgress:
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

    def report(
        self, step: int, loss: float, images_per_second: float, seconds_per_step: float
    ) -> None:
        """Shows the loss, the speed and the time left."""
        if not self._bar.disable:
            self._bar.set_postfix_str(
                f"loss {loss:.4f}, {images_per_second:.1f} images/s"
            )
            return
        left = ""
        if self._end is not None:
            seconds = round((self._end - step) * seconds_per_step)
            left = f", {datetime.timedelta(seconds=seconds)} left"
        print(
            f"global step {step}: loss = {loss:.4f} ({seconds_per_step:.3f} sec/step,"
            f" {images_per_second:.1f} images/s{left})",
            flush=True,
        )

    def note(self, line: str) -> None:
        """Says a line between the others."""
        self._bar.write(line)

    def close(self) -> None:
        """Ends the bar."""
        self._bar.close()


def image_bar(total: int, leave: bool = True) -> tqdm:
    """Returns a bar that counts images; none is shown where stderr is no terminal.

    Args:
      total: how many there are.
      leave: whether the full bar stays on the terminal.
    """
    return tqdm(
        total=total,
        unit="image",
        dynamic_ncols=True,
        leave=leave,
        disable=not sys.stderr.isatty(),
    )
