"""Checkpoints as they appear beside a running training.

tf.train.checkpoints_iterator would do, but for what `finding.find` finds besides: a
folder that was copied, one without its state file, a single checkpoint.
"""

import functools
import time
from collections.abc import Callable, Iterator

from slimnets.checkpoints.finding import find, require


def iterate(
    path: str, interval_secs: int, timeout: int, log: Callable[[str], None] = print
) -> Iterator[str]:
    """Yields a checkpoint, and with an interval each newer one as it appears.

    Args:
      path: folder of checkpoints, or one checkpoint.
      interval_secs: seconds between two looks; 0 does not wait for new ones.
      timeout: seconds without a new one after which to end; 0 for never.
      log: gets a line, once, for each damaged one that an earlier one stands for.
    """
    log = functools.lru_cache(log)
    last: str | None = None
    while not interval_secs:
        present = require(path, log)
        if present == last:
            return
        yield present
        last = present
    waiting_since = time.monotonic()
    while not timeout or time.monotonic() - waiting_since < timeout:
        found = find(path, log)
        if found not in (None, last):
            yield found
            last, waiting_since = found, time.monotonic()
        time.sleep(min(interval_secs, timeout or interval_secs))
    if last is None:
        require(path)  # raises: there was none
