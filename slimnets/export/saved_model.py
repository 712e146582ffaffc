"""TensorFlow's SavedModel: runs wherever TensorFlow does, without slimnets.

Its signatures, each with the outputs `logits` and `probabilities` [batch, classes] and
`label` [batch], the name of the top-1 class:

- serving_default: `images`, float32 [batch, height, width, channels], preprocessed;
- pixels: `pixels`, uint8 [batch, any height, any width, channels], decoded images;
- bytes: `image_bytes`, string [batch], JPEG or PNG files as they are;
- class_names: without input; `class_names`, string [classes], in the logits' order.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from slimnets.export import paths, plain_tensorflow
from slimnets.export.exportable import LABELS, Exportable

FILE = "saved_model.pb"  # as TensorFlow calls it

_PROGRAM = Path(__file__).with_name("run_saved_model.py")


def require(folder: Path) -> None:
    """Raises an InputError for a folder from which TensorFlow loads no SavedModel."""
    paths.require_utf8(folder, "TensorFlow loads a SavedModel")


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

    def classify_pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return classify(network.preprocess(pixels))

    def classify_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return classify(network.preprocess_files(image_bytes))

    encoded = tf.TensorSpec([None], tf.string, name="image_bytes")
    signatures = {
        "serving_default": _make_function(classify, network.get_input_spec()),
        "pixels": _make_function(classify_pixels, network.get_pixels_spec()),
        "bytes": _make_function(classify_bytes, encoded),
        "class_names": _make_function(lambda: {"class_names": names}),
    }
    module = tf.Module()
    module.kept = function.variables
    module.labels = tf.saved_model.Asset(str(labels))
    # A layer's own gradient, as depthwise convolutions in bfloat16 have, is not saved:
    # what it captured was pruned, and the weights are constants here.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(module, str(folder), signatures, options)


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
    return plain_tensorflow.run(_PROGRAM, folder, encoded, images)


def _make_function(python: object, *inputs: tf.TensorSpec) -> object:
    return tf.function(python, input_signature=inputs, autograph=False)
