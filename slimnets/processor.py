"""What the processor can do."""

import functools
from pathlib import Path

_DESCRIPTION = Path("/proc/cpuinfo")


@functools.cache
def instructions() -> frozenset[str]:
    """Returns its instruction sets by Linux' names, such as 'avx2'; elsewhere none."""
    lines = _DESCRIPTION.read_text().splitlines() if _DESCRIPTION.exists() else []
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.partition(":")[2].split())
