"""The number type that a network computes in; what it learns stays float32.

A layer computes in the type of what it is given and keeps its variables in float32
(slimnets/layers/scoping.py), so the precision of a network is the type of its images.
Losses, batch norm's parameters, optimizer slots and checkpoints are float32 always.
"""

from pathlib import Path

import tensorflow as tf

from slimnets.nets.row import Network

CHOICES = ("auto", "float32", "bfloat16")


def for_training(choice: str, network: Network) -> tf.DType:
    """Returns the type to train in.

    Args:
      choice: one of CHOICES. 'auto' is bfloat16 on a GPU that has it, and on a
        processor with instructions for it where the network's row says that it pays;
        float32 otherwise.
      network: its row.
    """
    if choice != "auto":
        return tf.as_dtype(choice)
    if _gpus():
        return tf.bfloat16 if _all_multiply_bfloat16(_gpus()) else tf.float32
    pays = network.trains_in_bfloat16 and processor_multiplies_bfloat16()
    return tf.bfloat16 if pays else tf.float32


def _gpus() -> list[tf.config.PhysicalDevice]:
    return tf.config.list_physical_devices("GPU")


def _all_multiply_bfloat16(gpus: list[tf.config.PhysicalDevice]) -> bool:
    """Whether every GPU is of NVIDIA's compute capability 8.0 or later."""
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    return all(detail.get("compute_capability", (0,))[0] >= 8 for detail in details)


def processor_multiplies_bfloat16() -> bool:
    """Whether the processor has the instructions; without, bfloat16 is emulated."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    flags = next((line for line in lines if line.startswith("flags")), "").split()
    return bool({"amx_bf16", "avx512_bf16"} & set(flags))
