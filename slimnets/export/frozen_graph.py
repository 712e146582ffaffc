"""A frozen graph: one GraphDef with weights inside, for TensorFlow 1 and other readers.

Its inputs and outputs, by name, any batch size each:

- `images:0`, float32 [batch, height, width, channels], preprocessed, to `logits:0` and
  `probabilities:0`;
- `pixels:0`, uint8 [batch, any height, any width, channels], to `pixels/logits:0` and
  `pixels/probabilities:0`;
- `image_bytes:0`, string [batch], JPEG or PNG files as they are, to
  `image_bytes/logits:0` and `image_bytes/probabilities:0`.

The three share one set of weights. A graph has no place for class names: labels.txt
lies beside it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from slimnets.export import paths, plain_tensorflow
from slimnets.export.exportable import LABELS, Exportable
from slimnets.export.frozen import FrozenNetwork

FILE = "frozen_graph.pb"

_PROGRAM = Path(__file__).with_name("run_frozen_graph.py")


def require(folder: Path) -> None:
    """Raises an InputError for a folder from which nothing can be read."""
    paths.require_utf8(folder, "the program that tries it reads a graph")


def write(folder: Path, network: Exportable) -> None:
    """Writes frozen_graph.pb and its labels.

    Args:
      folder: an existing folder.
      network: what to export.
    """
    content = build(network).SerializeToString()
    (folder / FILE).write_bytes(content)
    (folder / LABELS).write_text(network.format_labels(), encoding="utf-8")


def build(network: Exportable) -> tf.compat.v1.GraphDef:
    """Returns the graph."""
    frozen = FrozenNetwork(network)

    def outputs() -> list[tf.Tensor]:
        weights = frozen.make_weights()
        named = []
        for scope, images in _make_inputs(network).items():
            with tf.name_scope(scope):
                found = frozen.add(images, weights)
                named += [tf.identity(out, name) for name, out in found.items()]
        return named

    # Not a tf.Graph: in that, == would compare objects, not values.
    traced = tf.compat.v1.wrap_function(outputs, [])
    names = [tensor.op.name for tensor in traced.graph.outputs]
    return _keep_needed(traced.graph.as_graph_def(), names)


def _make_inputs(network: Exportable) -> dict[str, tf.Tensor]:
    """Adds the placeholders; returns preprocessed images by scope of the outputs."""

    def take(spec: tf.TensorSpec) -> tf.Tensor:
        return tf.compat.v1.placeholder(spec.dtype, spec.shape, spec.name)

    images = take(network.get_input_spec())
    pixels = take(network.get_pixels_spec())
    encoded = take(tf.TensorSpec([None], tf.string, "image_bytes"))
    return {
        "": images,
        "pixels/": network.preprocess(pixels),
        "image_bytes/": network.preprocess_files(encoded),
    }


def _keep_needed(
    graph_def: tf.compat.v1.GraphDef, outputs: Sequence[str]
) -> tf.compat.v1.GraphDef:
    """Returns a graph without the nodes that outputs do not depend on."""
    inputs = {node.name: node.input for node in graph_def.node}
    needed, found = list(outputs), set()
    while needed:
        name = needed.pop()
        if name not in found:
            found.add(name)
            needed += [one.lstrip("^").partition(":")[0] for one in inputs[name]]
    kept = [node for node in graph_def.node if node.name in found]
    del graph_def.node[:]
    graph_def.node.extend(kept)
    return graph_def


def run(
    folder: Path, encoded: Sequence[bytes], images: np.ndarray
) -> dict[str, np.ndarray]:
    """Runs a frozen graph in a subprocess that imports TensorFlow alone.

    Args:
      folder: where it is.
      encoded: JPEG or PNG files.
      images: float32 [batch, height, width, channels].

    Returns:
      The logits [images, classes] by input.

    Raises:
      InputError: it does not run.
    """
    return plain_tensorflow.run(_PROGRAM, folder / FILE, encoded, images)
