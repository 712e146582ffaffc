"""Programs that run an export by TensorFlow alone, each in a process of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.export import pixels


def run(
    program: Path, export: Path, encoded: Sequence[bytes], images: np.ndarray
) -> dict[str, np.ndarray]:
    """Runs what was exported in a process that imports no slimnets.

    Args:
      program: reads images.npy, pixels.npz and encoded.tfrecord in its working folder
        and writes logits.npz; its argument is the export.
      export: file or folder.
      encoded: JPEG or PNG files.
      images: float32 [batch, height, width, channels].

    Returns:
      The logits [images, classes] by signature.

    Raises:
      InputError: it does not run.
    """
    with tempfile.TemporaryDirectory() as work:
        _write_inputs(Path(work), encoded, images)
        done = subprocess.run(
            # Not as a file: Python would search modules in the file's folder.
            [sys.executable, "-c", program.read_text(), str(export.absolute())],
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


def _write_inputs(folder: Path, encoded: Sequence[bytes], images: np.ndarray) -> None:
    np.save(folder / "images.npy", images)
    np.savez(folder / "pixels.npz", *pixels.decode(encoded, images.shape[3]))
    with tf.io.TFRecordWriter(str(folder / "encoded.tfrecord")) as writer:
        for one in encoded:
            writer.write(one)
