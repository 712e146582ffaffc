"""What the processor can do."""

import functools
import os
from pathlib import Path

_DESCRIPTION = Path("/proc/cpuinfo")


@functools.cache
def instructions() -> frozenset[str]:
    """Returns its instruction sets by Linux' names, such as 'avx2'; elsewhere none."""
    lines = _DESCRIPTION.read_text().splitlines() if _DESCRIPTION.exists() else []
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.partition(":")[2].split())


def cores() -> int:
    """Returns how many of its cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # not on Linux
