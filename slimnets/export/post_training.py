"""LiteRT files whose weights are smaller than those that training left.

TensorFlow's converter rounds the network; what prepares images stays in float. The
signatures take and give float32 and uint8 as those of a float file: see `lite`.

- float16: weights of 16 bits, computed in float32;
- dynamic: weights of 8 bits, activations rounded as they come, by each one's range;
- int8: weights and activations of 8 bits, these in the ranges that they have on some
  images. Convolutions have a range for each output channel (arXiv:1806.08342).
"""

import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from slimnets.export import joining, lite
from slimnets.export.exportable import Exportable
from slimnets.export.pruned_function import PrunedFunction

CALIBRATED = "int8"  # the kind that needs images

_SIGNATURE = "serving_default"

_Converter = Any  # tf.lite.TFLiteConverter


def write(
    folder: Path, network: Exportable, kind: str, images: Iterable[np.ndarray] = ()
) -> None:
    """Writes model.tflite and its labels.

    Args:
      folder: an existing folder.
      network: what to export, in float.
      kind: one of `config.choices.POST_TRAINING_KINDS`.
      images: float32 [height, width, channels] each, preprocessed, to find the ranges
        of activations on; int8 needs some.

    Raises:
      InputError: LiteRT is not installed.
    """

    @tf.function(input_signature=[network.get_pixels_spec()], autograph=False)
    def prepare(batch: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": network.preprocess_by_products(batch)}

    with tempfile.TemporaryDirectory() as scratch:
        module = tf.Module()
        tf.saved_model.save(module, scratch, {_SIGNATURE: prepare})
        preparation = _make_converter(scratch).convert()
    whole = convert(network.make_function(), kind, images)
    content = joining.join(whole, preparation, "pixels")
    lite.write_content(folder, network, content)


def convert(
    function: PrunedFunction, kind: str, images: Iterable[np.ndarray] = ()
) -> bytes:
    """Returns the content of a file of one signature, serving_default.

    Args:
      function: from images to outputs by name.
      kind: as of `write`.
      images: as of `write`.
    """
    module = tf.Module()
    module.kept = function.variables
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The converter runs the interpreter that TensorFlow has beside LiteRT.
        warnings.filterwarnings("ignore", "(?s).*tf.lite.Interpreter is deprecated")
        tf.saved_model.save(module, folder, {_SIGNATURE: function.run})
        converter = _make_converter(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        KINDS[kind](converter, images)
        return converter.convert()


def _set_float16(converter: _Converter, images: Iterable[np.ndarray]) -> None:
    converter.target_spec.supported_types = [tf.float16]


def _set_dynamic(converter: _Converter, images: Iterable[np.ndarray]) -> None:
    """Sets nothing more: it is what the converter does without images."""


def _set_int8(converter: _Converter, images: Iterable[np.ndarray]) -> None:
    def feed() -> Iterator[dict[str, np.ndarray]]:
        for image in images:
            yield {"images": image[np.newaxis]}

    converter.representative_dataset = feed


# By name, what a kind sets of a converter, given images to calibrate on.
KINDS: dict[str, Callable[[_Converter, Iterable[np.ndarray]], None]] = {
    "float16": _set_float16,
    "dynamic": _set_dynamic,
    CALIBRATED: _set_int8,
}


def _make_converter(folder: str) -> _Converter:
    return tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[_SIGNATURE])
