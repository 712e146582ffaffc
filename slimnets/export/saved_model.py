"""TensorFlow's SavedModel: runs wherever TensorFlow does, without slimnets.

Its signatures, each with the outputs `logits` and `probabilities` [batch, classes] and
`label` [batch], the name of the top-1 class:

- serving_default: `images`, float32 [batch, height, width, channels], preprocessed;
- bytes: `image_bytes`, string [batch], JPEG or PNG files as they are;
- class_names: without input; `class_names`, string [classes], in the logits' order.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.export.exportable import LABELS, Exportable

FILE = "saved_model.pb"  # as TensorFlow calls it

_PROGRAM = Path(__file__).with_name("run_saved_model.py")


def require(folder: Path) -> None:
    """Raises an InputError for a folder from which TensorFlow loads no SavedModel."""
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        raise errors.InputError(
            f"{folder} is not UTF-8, and TensorFlow loads a SavedModel from no other"
            " path; name another"
        ) from error


def write(folder: Path, network: Exportable) -> None:
    """Writes the SavedModel, with its labels as an asset and beside it.

    Args:
      folder: an existing folder, which becomes the SavedModel.
      network: what to export.
    """
    labels = folder / LABELS
    labels.write_text(network.format_labels(), encoding="utf-8")
    names = tf.constant(network.class_names)
    function = network.make_function()

    def classify(images: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = function.run(images)
        top1 = tf.argmax(outputs["logits"], axis=-1)
        return outputs | {"label": tf.gather(names, top1)}

    def classify_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return classify(
            tf.map_fn(
                lambda encoded: network.preprocess(network.decode(encoded)),
                image_bytes,
                fn_output_signature=tf.TensorSpec(network.get_input_spec().shape[1:]),
            )
        )

    encoded = tf.TensorSpec([None], tf.string, name="image_bytes")
    signatures = {
        "serving_default": _make_function(classify, network.get_input_spec()),
        "bytes": _make_function(classify_bytes, encoded),
        "class_names": _make_function(lambda: {"class_names": names}),
    }
    module = tf.Module()
    module.kept = function.variables
    module.labels = tf.saved_model.Asset(str(labels))
    tf.saved_model.save(module, str(folder), signatures)


def run(
    folder: Path, encoded: Sequence[bytes], images: np.ndarray
) -> dict[str, np.ndarray]:
    """Runs a SavedModel in a subprocess that imports TensorFlow alone.

    Args:
      folder: the SavedModel.
      encoded: JPEG or PNG files.
      images: float32 [batch, height, width, channels].

    Returns:
      The logits [images, classes] by signature.

    Raises:
      InputError: it does not run.
    """
    with tempfile.TemporaryDirectory() as work:
        np.save(Path(work) / "images.npy", images)
        with tf.io.TFRecordWriter(str(Path(work) / "encoded.tfrecord")) as writer:
            for one in encoded:
                writer.write(one)
        done = subprocess.run(
            # Not as a file: Python would search modules in the file's folder.
            [sys.executable, "-c", _PROGRAM.read_text(), str(folder.absolute())],
            cwd=work,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
            raise errors.InputError(f"plain TensorFlow does not run it: {lines[-1]}")
        with np.load(Path(work) / "logits.npz") as logits:
            return dict(logits)


def _make_function(python: object, *inputs: tf.TensorSpec) -> object:
    return tf.function(python, input_signature=inputs, autograph=False)
