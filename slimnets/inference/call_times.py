"""How long single calls take, of several functions that take turns."""

import statistics
import time
from collections.abc import Callable, Mapping

_FEWEST = 5  # calls of each, also where one takes seconds
_MOST = 200
_SECONDS = 6.0  # for all of them


def measure(calls: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Returns the median milliseconds of a call, by name.

    They take turns, so that what else the machine does falls on all alike.

    Args:
      calls: functions by name.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()  # the first one allocates
    end = time.monotonic() + _SECONDS
    for turn in range(_MOST):
        if turn >= _FEWEST and time.monotonic() > end:
            break
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - began)
    return {name: 1000 * statistics.median(found) for name, found in times.items()}
