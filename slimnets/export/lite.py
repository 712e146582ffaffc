"""TensorFlow Lite files, which LiteRT runs on phones and small computers.

The signatures, each with the outputs `logits` and `probabilities` [batch, classes]:

- serving_default: `images`, float32 [batch, height, width, channels], preprocessed;
- pixels: `pixels`, uint8 [batch, any height, any width, channels], decoded images:
  LiteRT has no decoder for JPEG or PNG, the phone has.

The class names are a file labels.txt inside, as in TensorFlow Lite's own files with
metadata: these are zip archives too. And beside it.
"""

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import tensorflow as tf

from slimnets import errors, hardware
from slimnets.export import pixels
from slimnets.export.exportable import LABELS, Exportable
from slimnets.export.pruned_function import PrunedFunction

FILE = "model.tflite"


def require(folder: Path) -> None:
    """Raises an InputError where LiteRT is not installed."""
    import_litert()


def write(folder: Path, network: Exportable) -> None:
    """Writes model.tflite and its labels.

    Args:
      folder: an existing folder.
      network: what to export.
    """
    function = network.make_function()

    @tf.function(input_signature=[network.get_pixels_spec()], autograph=False)
    def from_pixels(batch: tf.Tensor) -> dict[str, tf.Tensor]:
        return function.run(network.preprocess_by_products(batch))

    content = convert(
        {
            "serving_default": function,
            "pixels": function._replace(run=from_pixels),
        },
        in_integers=network.is_quantized,
    )
    write_content(folder, network, content)


def write_content(folder: Path, network: Exportable, content: bytes) -> None:
    """Writes a file's content with the labels inside, and the labels.

    Args:
      folder: an existing folder.
      network: which it is of.
      content: as `convert` returns it.
    """
    (folder / FILE).write_bytes(content)
    (folder / LABELS).write_text(network.format_labels(), encoding="utf-8")
    with zipfile.ZipFile(folder / FILE, "a") as archive:
        archive.write(folder / LABELS, LABELS)


def run(
    folder: Path, encoded: Sequence[bytes], images: np.ndarray
) -> dict[str, np.ndarray]:
    """Runs a file that `write` wrote by LiteRT.

    Args:
      folder: where it is.
      encoded: JPEG or PNG files.
      images: float32 [batch, height, width, channels].

    Returns:
      The logits [images, classes] by signature.

    Raises:
      InputError: LiteRT is not installed.
    """
    # LiteRT opens no path that is not UTF-8.
    interpreter = make_interpreter(model_content=(folder / FILE).read_bytes())
    whole = interpreter.get_signature_runner("serving_default")
    by_pixels = interpreter.get_signature_runner("pixels")
    return {
        "serving_default": whole(images=images)["logits"],
        "pixels": pixels.run_by_size(
            lambda batch: by_pixels(pixels=batch)["logits"],
            pixels.decode(encoded, images.shape[3]),
        ),
    }


def convert(
    functions: Mapping[str, PrunedFunction], in_integers: bool = False
) -> bytes:
    """Returns a file's content, with a signature for each function.

    Args:
      functions: by name of the signature.
      in_integers: compute in int8 what is rounded within known ranges; the inputs and
        outputs of signatures stay what they are.
    """
    module = tf.Module()
    module.kept = [function.variables for function in functions.values()]
    signatures = {name: function.run for name, function in functions.items()}
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=list(signatures)
        )
        if in_integers:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        return converter.convert()


def make_interpreter(**file: Any) -> Any:
    """Returns LiteRT's interpreter of a file, on all cores that there are.

    Args:
      **file: `model_path`, or `model_content`, the bytes.
    """
    return import_litert().Interpreter(num_threads=hardware.cores(), **file)


def import_litert() -> ModuleType:
    """Imports LiteRT's interpreter; InputError where it is not installed."""
    return errors.import_extra("ai_edge_litert.interpreter", "litert")
