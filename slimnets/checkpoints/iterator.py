"""Checkpoints as they appear beside a running training.

tf.train.checkpoints_iterator would do, but for what `finding.find` finds besides: a
folder that was copied, one without its state file, a single checkpoint.
"""

import time
from collections.abc import Iterator

from slimnets.checkpoints.finding import find, require


def iterate(path: str, interval_secs: int, timeout: int, most: int) -> Iterator[str]:
    """Yields a checkpoint, and with an interval each newer one as it appears.

    Args:
      path: folder of checkpoints, or one checkpoint.
      interval_secs: seconds between two looks; 0 yields the present one alone.
      timeout: seconds without a new one after which to end; 0 for never.
      most: how many to yield at most; 0 for any number.
    """
    if not interval_secs:
        yield require(path)
        return
    last, count, waiting_since = None, 0, time.monotonic()
    while not timeout or time.monotonic() - waiting_since < timeout:
        found = find(path)
        if found not in (None, last):
            yield found
            last, count, waiting_since = found, count + 1, time.monotonic()
            if count == most:
                return
        time.sleep(min(interval_secs, timeout or interval_secs))
    if last is None:
        require(path)  # raises: there was none
