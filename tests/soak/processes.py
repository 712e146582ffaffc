"""Trainings in processes of their own, forked before TensorFlow starts its devices.

So a start takes a second. What two trainings left is compared byte for byte.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path


def start(work: Callable[[], object], log: Path | None = None) -> int:
    """Does some work in a process of its own; returns that process's id.

    Args:
      work: what it does; it ends with status 1 where that raises an error.
      log: file that gets what it prints, behind what is there; None: it prints here.
    """
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        if log is not None:
            descriptor = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
        work()
        status = 0
    except SystemExit as ending:
        status = int(ending.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def finish(child: int) -> float:
    """Waits for a process's end; returns the seconds that took.

    Raises:
      RuntimeError: it failed.
    """
    began = time.monotonic()
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError(f"a process ended with status {status}")
    return time.monotonic() - began


def kill(child: int, seconds: float) -> bool:
    """Kills a process some seconds from now; False where it ended before."""
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def report(folder: Path, whole: Path, line: str) -> bool:
    """Prints a line on how much two trainings left is equal; returns whether all is.

    Args:
      folder: of the one.
      whole: of the other, which was never killed.
      line: the line's beginning.
    """

    def compare_both() -> None:
        expected, found = _read_last(whole), _read_last(folder)
        fault = _compare(expected, found)
        equal = f"{len(found)} of {len(expected)} variables equal"
        print(f"{line}: {fault or equal}", flush=True)
        if fault:
            sys.exit(1)

    try:
        finish(start(compare_both))
    except RuntimeError:
        return False
    return True


def _read_last(folder: Path) -> dict[str, bytes]:
    """Reads the last checkpoint of a training; returns its bytes by name."""
    from slimnets import checkpoints

    path = checkpoints.require(folder / "run")
    return {n: v.tobytes() for n, v in checkpoints.read(path).items()}


def _compare(expected: dict[str, bytes], found: dict[str, bytes]) -> str:
    """Returns a line; '' where both are the same."""
    if expected.keys() != found.keys():
        return f"other variables: {sorted(expected.keys() ^ found.keys())[:3]}"
    differ = [name for name, value in expected.items() if found[name] != value]
    return f"{len(differ)} variables differ, such as {differ[0]}" if differ else ""
