"""What the machine is and what is left of it: processor and memory; Linux knows."""

import contextlib
import ctypes
import dataclasses
import functools
import os
import signal
from collections.abc import Collection
from pathlib import Path

_GIGABYTE = 1e9
_DESCRIPTION = Path("/proc/cpuinfo")
_PROCESS = Path("/proc/self")
_MACHINE = Path("/proc/meminfo")
_CONTAINER = Path("/sys/fs/cgroup")

# From the one that multiplies most at once to the least, with Linux' names for them.
_INSTRUCTION_SETS = {
    "amx": "amx_bf16",
    "avx512_bf16": "avx512_bf16",
    "avx512": "avx512f",
    "avx2": "avx2",
}


@dataclasses.dataclass(frozen=True)
class Hardware:
    """What a network runs on, as far as it decides how layers compute.

    Attributes:
      has_gpu: whether TensorFlow places its ops on one.
      instructions: the processor's sets by Linux' names, such as 'avx2'.
      onednn: whether TensorFlow was told to compute by oneDNN on the processor.
    """

    has_gpu: bool = False
    instructions: frozenset[str] = frozenset()
    onednn: bool = False


def detect() -> Hardware:
    """Returns what this process runs on."""
    import tensorflow as tf  # as in peak_memory

    return Hardware(
        has_gpu=bool(tf.config.get_visible_devices("GPU")),
        instructions=instructions(),
        onednn=os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "1",
    )


@functools.cache
def instructions() -> frozenset[str]:
    """Returns its instruction sets by Linux' names, such as 'avx2'; elsewhere none."""
    lines = _DESCRIPTION.read_text().splitlines() if _DESCRIPTION.exists() else []
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.partition(":")[2].split())


def instruction_set(found: Collection[str] | None = None) -> str:
    """Returns the name of what decides how fast a processor multiplies.

    Args:
      found: its instruction sets by Linux' names; None takes this machine's.

    Returns:
      'amx', 'avx512_bf16', 'avx512' or 'avx2', the first that it has; '' for none.
    """
    found = instructions() if found is None else found
    return next((kind for kind, name in _INSTRUCTION_SETS.items() if name in found), "")


def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for it; without, it is emulated."""
    return bool({"amx_bf16", "avx512_bf16"} & instructions())


def cores() -> int:
    """Returns how many of its cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # not on Linux


def available_memory() -> float | None:
    """Returns the gigabytes a process can take here; None where it is unknown."""
    machine = _fields(_MACHINE).get("MemAvailable")
    if machine is None:
        return None
    free = machine * 1024 / _GIGABYTE
    container = _left_in_container()
    return free if container is None else min(free, container)


def peak_memory() -> float | None:
    """Returns peak memory in gigabytes: of the fullest GPU, else of the process.

    Returns:
      None where it is unknown.
    """
    import tensorflow as tf  # a worker may ask for its cores without it

    gpus = tf.config.list_logical_devices("GPU")
    if gpus:
        peaks = [tf.config.experimental.get_memory_info(g.name)["peak"] for g in gpus]
        return max(peaks) / _GIGABYTE
    held = _fields(_PROCESS / "status").get("VmHWM")
    return None if held is None else held * 1024 / _GIGABYTE


def prefer_oom_kill() -> None:
    """Lets the system end this process before others where memory runs out."""
    with contextlib.suppress(OSError):  # of a system without it, or that forbids it
        (_PROCESS / "oom_score_adj").write_text("1000")


def end_with_parent() -> None:
    """Lets Linux kill this process when the one that started it ends, by whatever."""
    pr_set_pdeathsig = 1
    with contextlib.suppress(AttributeError, OSError):  # of another system
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _left_in_container() -> float | None:
    """Returns what is left of a control group's limit; the file cache is free."""
    limit, used = _CONTAINER / "memory.max", _CONTAINER / "memory.current"
    if not limit.exists() or limit.read_text().strip() == "max":
        return None
    cache = _fields(_CONTAINER / "memory.stat").get("inactive_file", 0)
    return (int(limit.read_text()) - int(used.read_text()) + cache) / _GIGABYTE


def _fields(path: Path) -> dict[str, int]:
    """Reads lines of a name and a number, with or without a colon and a unit."""
    if not path.exists():
        return {}
    lines = [line.split() for line in path.read_text().splitlines()]
    return {
        name.rstrip(":"): int(number)
        for name, number, *_ in (line for line in lines if len(line) > 1)
        if number.isdigit()
    }
