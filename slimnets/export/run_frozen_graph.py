"""A program that runs a frozen graph by TensorFlow alone; `frozen_graph.run` starts it.

It reads images.npy, pixels.npz and encoded.tfrecord in its working folder and writes
logits.npz.
"""

import sys
from typing import Any

import numpy as np
import tensorflow as tf

BATCH = 16

encoded = list(tf.data.TFRecordDataset("encoded.tfrecord").as_numpy_iterator())
graph_def = tf.compat.v1.GraphDef()
with open(sys.argv[1], "rb") as file:
    graph_def.ParseFromString(file.read())

with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    tf.graph_util.import_graph_def(graph_def, name="")

    def logits(output: str, name: str, values: Any) -> np.ndarray:
        """Returns an output for one input of any length."""
        parts = [values[i : i + BATCH] for i in range(0, len(values), BATCH)]
        return np.concatenate([session.run(output, {name: part}) for part in parts])

    pixels = [
        logits("pixels/logits:0", "pixels:0", image[np.newaxis])
        for image in np.load("pixels.npz").values()
    ]
    np.savez(
        "logits.npz",
        images=logits("logits:0", "images:0", np.load("images.npy")),
        pixels=np.concatenate(pixels),
        image_bytes=logits("image_bytes/logits:0", "image_bytes:0", encoded),
    )
