"""Which machine and which software a figure was measured on."""

import importlib.metadata
import os
import platform
from pathlib import Path

_PACKAGES = ("tensorflow", "keras", "torch", "timm", "openvino", "ai-edge-litert")


def processor() -> str:
    """Returns the processor's name and how many of its cores can be used."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2] for line in lines if line.startswith("model name")]
    name = names[0].strip() if names else platform.machine()
    return f"{name}, {len(os.sched_getaffinity(0))} cores"


def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for it; without, it is many times slower
    than float32."""
    from slimnets.runtime import precision  # brings TensorFlow, which workers time

    return precision.processor_multiplies_bfloat16()


def software() -> dict[str, str]:
    """Returns the versions of TensorFlow and of the peers that are installed."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def slug() -> str:
    """Returns processor and TensorFlow's version as a part of a file's name."""
    words = f"{processor()} tensorflow {software()['tensorflow']}"
    return "_".join("".join(c if c.isalnum() else " " for c in words).lower().split())
