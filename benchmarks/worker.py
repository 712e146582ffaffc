"""A contender in a process of its own: takes steps when told to, and times them.

Started by `contest.Contender`. It answers on stdout, one JSON object a line: once when
the first step is done, then for each line on stdin, the seconds to work for.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable

from benchmarks import peers
from benchmarks.work import Work


def main() -> None:
    """Reads the contender and its work from the command line."""
    peer, setting, work, started = sys.argv[1:]
    answers = _own_stdout()
    step = peers.load(peer).start(Work(**json.loads(work)), setting)
    step()
    _answer(answers, first_step=time.monotonic() - float(started))
    for line in sys.stdin:
        _answer(answers, **_timed(step, float(line)))


def _own_stdout() -> int:
    """Returns a descriptor of stdout; what libraries print goes to stderr instead."""
    answers = os.dup(1)
    os.dup2(2, 1)
    return answers


def _timed(step: Callable[[], None], seconds: float) -> dict[str, float]:
    """Takes steps for some seconds, at least one."""
    began, steps = time.perf_counter(), 0
    while not steps or time.perf_counter() - began < seconds:
        step()
        steps += 1
    return {"steps": steps, "seconds": time.perf_counter() - began}


def _answer(answers: int, **values: float) -> None:
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    values["megabytes"] = kilobytes / 1024
    os.write(answers, (json.dumps(values) + "\n").encode())


if __name__ == "__main__":
    main()
