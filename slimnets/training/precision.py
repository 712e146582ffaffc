"""Mixed precision: the number type that a network computes in; variables are float32.

A layer computes in the type of its input, so the precision of a network is the type of
its images. The variables of a `Model` are float32 in any case, and so are losses, batch
norm's statistics, optimizer slots and checkpoints.
"""

import tensorflow as tf

from slimnets import hardware
from slimnets.nets import fastest
from slimnets.nets.row import Network


def choose_training_type(choice: str, network: Network) -> tf.DType:
    """Returns the type to train in.

    Args:
      choice: one of `config.choices.TRAINING_PRECISIONS`. 'auto' is bfloat16 on a GPU
        that has it, float16 on one that has only that; on a processor what was measured
        to be fastest there, and float32 where nothing was.
      network: its row.
    """
    if choice != "auto":
        return tf.as_dtype(choice)
    if _list_gpus():
        return _choose_for_generation(min(map(_get_compute_capability, _list_gpus())))
    key = fastest.Key(
        network.name, fastest.TRAIN, "tensorflow", hardware.instruction_set()
    )
    return tf.as_dtype((fastest.find(key) or fastest.PLAIN).precision)


def _list_gpus() -> list[tf.config.PhysicalDevice]:
    return tf.config.list_physical_devices("GPU")


def _get_compute_capability(gpu: tf.config.PhysicalDevice) -> tuple[int, int]:
    """Returns NVIDIA's (major, minor); (0, 0) where it is unknown."""
    details = tf.config.experimental.get_device_details(gpu)
    return details.get("compute_capability", (0, 0))


def _choose_for_generation(compute_capability: tuple[int, int]) -> tf.DType:
    """Returns what the tensor cores take: float16 since 7.0, bfloat16 since 8.0."""
    if compute_capability >= (8, 0):
        return tf.bfloat16
    return tf.float16 if compute_capability >= (7, 0) else tf.float32
