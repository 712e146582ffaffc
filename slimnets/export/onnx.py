"""ONNX files, which ONNX Runtime and most other runtimes read.

An ONNX file has one graph, so there are two, each with the outputs `logits` and
`probabilities` [batch, classes], any batch size:

- model.onnx: `images`, float32 [batch, height, width, channels], preprocessed;
- pixels.onnx: `pixels`, uint8 [batch, any height, any width, channels], decoded images.

The class names are in the metadata as `class_names`, a JSON list, and in labels.txt.
tf2onnx converts them.
"""

import contextlib
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from slimnets import errors, hardware
from slimnets.export import pixels
from slimnets.export.exportable import LABELS, Exportable
from slimnets.export.frozen import FrozenNetwork, Prepare

FILE = "model.onnx"
PIXELS_FILE = "pixels.onnx"
CLASS_NAMES = "class_names"

# Of 2022: antialiasing aside, all that networks need, and every runtime has it.
_OPSET = 17


def require(folder: Path) -> None:
    """Raises an InputError where what writes and runs the files is not installed."""
    for module in ("onnx", "tf2onnx", "onnxruntime"):
        errors.import_extra(module, "onnx")


def write(folder: Path, network: Exportable) -> None:
    """Writes model.onnx, pixels.onnx and their labels.

    Args:
      folder: an existing folder.
      network: what to export.

    Raises:
      InputError: the network has an op that ONNX lacks.
    """
    frozen = FrozenNetwork(network)
    for file, spec, prepare in (
        (FILE, network.get_input_spec(), tf.identity),
        (PIXELS_FILE, network.get_pixels_spec(), network.preprocess_by_products),
    ):
        content = _convert(frozen, spec, prepare, network.class_names)
        (folder / file).write_bytes(content)
    (folder / LABELS).write_text(network.format_labels(), encoding="utf-8")


def run(
    folder: Path, encoded: Sequence[bytes], images: np.ndarray
) -> dict[str, np.ndarray]:
    """Runs files that `write` wrote by ONNX Runtime.

    Args:
      folder: where they are.
      encoded: JPEG or PNG files.
      images: float32 [batch, height, width, channels].

    Returns:
      The logits [images, classes] by input.
    """
    session = make_session(folder / FILE)
    by_pixels = make_session(folder / PIXELS_FILE)
    return {
        "images": session.run(["logits"], {"images": images})[0],
        "pixels": pixels.run_by_size(
            lambda batch: by_pixels.run(["logits"], {"pixels": batch})[0],
            pixels.decode(encoded, images.shape[3]),
        ),
    }


def make_session(path: Path) -> Any:
    """Returns ONNX Runtime's session of a file, on all cores that there are."""
    onnxruntime = errors.import_extra("onnxruntime", "onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = hardware.cores()
    return onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )


def _convert(
    frozen: FrozenNetwork,
    spec: tf.TensorSpec,
    prepare: Prepare,
    class_names: Sequence[str],
) -> bytes:
    """Returns a file's content."""
    onnx = errors.import_extra("onnx", "onnx")
    tf2onnx = errors.import_extra("tf2onnx", "onnx")
    concrete = frozen.make_function(spec, prepare)
    inputs = [tensor.name for tensor in concrete.inputs]
    outputs = [f"{name}:0" for name in concrete.structured_outputs]
    with _quiet("tf2onnx", "tensorflow"):
        model, _ = tf2onnx.convert.from_graph_def(
            concrete.graph.as_graph_def(),
            input_names=inputs,
            output_names=outputs,
            opset=_OPSET,
        )
    _drop_numbers(model.graph, [*inputs, *outputs])
    onnx.helper.set_model_props(model, {CLASS_NAMES: json.dumps([*class_names])})
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise errors.InputError(
            f"ONNX cannot express this network: {errors.summarize(error)}"
        ) from error
    return model.SerializeToString()


@contextlib.contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Inside, loggers say nothing: tf2onnx's warnings are of no use to who exports."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _drop_numbers(graph: Any, names: Sequence[str]) -> None:
    """Renames tensors `name:0` of a graph to `name`, as they are called elsewhere."""
    for tensor in (*graph.input, *graph.output):
        if tensor.name in names:
            tensor.name = tensor.name.removesuffix(":0")
    for node in graph.node:
        for tensors in (node.input, node.output):
            for k, name in enumerate(tensors):
                if name in names:
                    tensors[k] = name.removesuffix(":0")
