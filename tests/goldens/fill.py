"""The goldens' weights and images: numbers that follow from a name and a shape alone.

A golden therefore needs no file of weights: variables of the same names and shapes
must give the same logits, whoever wrote the network.
"""

import math
import zlib
from collections.abc import Sequence

import numpy as np

IMAGE_SEED = 20261121


def weight(name: str, shape: Sequence[int]) -> np.ndarray:
    """Returns the variable's value, float32, seeded by its name without ':0'."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    kind = name.rsplit("/", 1)[-1]
    if kind in ("gamma", "moving_variance"):
        values = random.uniform(0.5, 1.5, shape)
    elif kind in ("beta", "biases", "moving_mean"):
        values = 0.1 * random.standard_normal(shape)
    else:
        depthwise = "depthwise_weights" in kind
        fan_in = math.prod(shape[:2] if depthwise else shape[:-1]) or 1
        values = random.standard_normal(shape) * np.sqrt(2 / fan_in)
    return values.astype(np.float32)


def images(batch: int, height: int, width: int, channels: int = 3) -> np.ndarray:
    """Returns float32 images [batch, height, width, channels] in [-1, 1)."""
    random = np.random.default_rng(IMAGE_SEED)
    return random.uniform(-1, 1, (batch, height, width, channels)).astype(np.float32)
