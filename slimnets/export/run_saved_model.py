"""A program that runs a SavedModel by TensorFlow alone; `saved_model.run` starts it.

It reads images.npy, pixels.npz and encoded.tfrecord in its working folder and writes
logits.npz.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

BATCH = 16


def logits(signature: Callable[..., Any], **inputs: Any) -> np.ndarray:
    """Returns a signature's logits for one input of any length."""
    ((name, values),) = inputs.items()
    parts = [values[i : i + BATCH] for i in range(0, len(values), BATCH)]
    return np.concatenate(
        [signature(**{name: tf.constant(part)})["logits"].numpy() for part in parts]
    )


signatures = tf.saved_model.load(sys.argv[1]).signatures
encoded = list(tf.data.TFRecordDataset("encoded.tfrecord").as_numpy_iterator())
pixels = [image[np.newaxis] for image in np.load("pixels.npz").values()]
np.savez(
    "logits.npz",
    serving_default=logits(signatures["serving_default"], images=np.load("images.npy")),
    pixels=np.concatenate([logits(signatures["pixels"], pixels=one) for one in pixels]),
    bytes=logits(signatures["bytes"], image_bytes=encoded),
)
