"""OpenVINO's own files, which run fastest on Intel's and AMD's processors.

A model has one graph, so there are two, each with the outputs `logits` and
`probabilities` [batch, classes], any batch size:

- model.xml: `images`, float32 [batch, height, width, channels], preprocessed;
- pixels.xml: `pixels`, uint8 [batch, any height, any width, channels], decoded images.

The weights are in .bin files of the same names. The class names are in rt_info, at
model_info/labels as OpenVINO's Model API has them (divided by spaces, a space in a name
as _), and in labels.txt.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.export import paths, pixels
from slimnets.export.exportable import LABELS, Exportable
from slimnets.export.frozen import FrozenNetwork

FILE = "model.xml"
PIXELS_FILE = "pixels.xml"


def require(folder: Path) -> None:
    """Raises an InputError where OpenVINO is missing or cannot write to a folder."""
    errors.import_extra("openvino", "openvino")
    paths.require_utf8(folder, "OpenVINO reads models")


def write(folder: Path, network: Exportable) -> None:
    """Writes model.xml, pixels.xml, their weights and labels.

    Args:
      folder: an existing folder.
      network: what to export.
    """
    openvino = errors.import_extra("openvino", "openvino")
    frozen = FrozenNetwork(network)
    labels = " ".join(name.replace(" ", "_") for name in network.class_names)
    for file, spec, prepare in (
        (FILE, network.get_input_spec(), tf.identity),
        (PIXELS_FILE, network.get_pixels_spec(), network.preprocess_by_products),
    ):
        model = openvino.convert_model(frozen.make_function(spec, prepare))
        model.set_rt_info("Classification", ["model_info", "model_type"])
        model.set_rt_info(labels, ["model_info", "labels"])
        openvino.save_model(model, folder / file, compress_to_fp16=False)
    (folder / LABELS).write_text(network.format_labels(), encoding="utf-8")


def run(
    folder: Path, encoded: Sequence[bytes], images: np.ndarray
) -> dict[str, np.ndarray]:
    """Runs files that `write` wrote by OpenVINO on the processor, in float32.

    Args:
      folder: where they are.
      encoded: JPEG or PNG files.
      images: float32 [batch, height, width, channels].

    Returns:
      The logits [images, classes] by input.
    """
    by_pixels = make_runner(folder / PIXELS_FILE)
    return {
        "images": make_runner(folder / FILE)(images),
        "pixels": pixels.run_by_size(
            by_pixels, pixels.decode(encoded, images.shape[3])
        ),
    }


def make_runner(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a model's function from its one input to the logits."""
    openvino = errors.import_extra("openvino", "openvino")
    # Left alone, OpenVINO computes in bfloat16 where the processor can.
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.compile_model(path, "CPU", options)
    return lambda batch: compiled([batch])["logits"]
