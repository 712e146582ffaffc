"""Which machine and which software a figure was measured on."""

import importlib.metadata
import platform
import time
from pathlib import Path

from benchmarks.work import INPUT, TRAIN, Work
from slimnets import hardware

_PACKAGES = ("tensorflow", "keras", "torch", "timm", "openvino", "ai-edge-litert")


def processor() -> str:
    """Returns the processor's name and how many of its cores can be used."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2] for line in lines if line.startswith("model name")]
    name = names[0].strip() if names else platform.machine()
    return f"{name}, {hardware.cores()} cores"


def product_speed() -> tuple[float, str]:
    """Returns the most that a network can hope for: a large matrix product's speed.

    Returns:
      Billions of multiply-adds a second, on all cores, and the type they are done in:
      the faster one of float32 and, where the processor has it, bfloat16.
    """
    types = ["float32", *(["bfloat16"] if hardware.multiplies_bfloat16() else [])]
    return max((_product_speed(name), name) for name in types)


def _product_speed(dtype: str, size: int = 3072, repeats: int = 7) -> float:
    import tensorflow as tf

    matrix = tf.ones([size, size], dtype)
    tf.linalg.matmul(matrix, matrix)
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        tf.linalg.matmul(matrix, matrix)
        seconds.append(time.perf_counter() - began)
    return size**3 / min(seconds) / 1e9


def limit(work: Work, product_speed: float) -> float | None:
    """Returns the images per second if there were nothing to do but multiply and add.

    Training does it three times: forward, and for the gradients of the activations and
    of the weights. Input has no such limit.

    Args:
      work: at its network's own image size.
      product_speed: billions of multiply-adds a second.
    """
    from slimnets.nets import registry

    if work.mode == INPUT:
        return None
    times = 3 if work.mode == TRAIN else 1
    millions = registry.get_row(work.network).multiply_adds * times
    return product_speed * 1e3 / millions


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
    """Returns processor, instruction set and TensorFlow's version for a file's name."""
    kind = hardware.instruction_set()
    words = f"{processor()} {kind} tensorflow {software()['tensorflow']}"
    return "_".join("".join(c if c.isalnum() else " " for c in words).lower().split())
