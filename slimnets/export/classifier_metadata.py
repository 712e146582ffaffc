"""A LiteRT file for MediaPipe's ImageClassifier, which prepares photos by itself.

That reads from a file's metadata what a network wants of an image and what its classes
are called: https://ai.google.dev/edge/litert/models/metadata. It takes a file of one
graph, from one image to one output of scores: a part of our own files.
The schema is MediaPipe's; its own writers do not start in its releases since 1.0.
"""

import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import flatbuffers
import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.export import joining, lite
from slimnets.export.exportable import LABELS, Exportable

FILE = "classifier.tflite"

_FIELD, _IDENTIFIER = "TFLITE_METADATA", b"M001"
_WHOLE, _SCORES = b"serving_default", "probabilities"
_PARSER = "1.0.0"  # the first that knows all that is written here

# Of values in a network's input, between what the metadata makes of a level and what
# the recipe does.
_TOLERANCE = 1e-3


class Normalization(NamedTuple):
    """What becomes of a level from 0 to 255: (level - mean) / std.

    Attributes:
      mean: of each channel.
      std: of each channel.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]


def require() -> ModuleType:
    """Imports the schema of metadata; InputError where MediaPipe is not installed."""
    return errors.import_extra(
        "mediapipe.tasks.metadata.metadata_schema_py_generated", "metadata"
    )


def write(folder: Path, network: Exportable) -> None:
    """Writes classifier.tflite, by the model.tflite that lies there.

    Args:
      folder: with what `lite.write` wrote.
      network: the same.

    Raises:
      InputError: MediaPipe is not installed, or the recipe does with colours what it
        cannot.
    """
    normalization = find_normalization(network)
    tools = joining.import_tools()
    model = tools.read_model_from_bytearray(
        bytearray((folder / lite.FILE).read_bytes())
    )
    _keep_scores_alone(model)
    _attach(model, _make_metadata(network, normalization))
    (folder / FILE).write_bytes(tools.convert_object_to_bytearray(model))
    with zipfile.ZipFile(folder / FILE, "a") as archive:
        archive.writestr(LABELS, network.format_labels())
    _require_same(folder, network)


def find_normalization(network: Exportable) -> Normalization:
    """Returns what a recipe does with colours.

    Raises:
      InputError: it is more than to scale and shift each channel, or the network takes
        gray images.
    """
    if network.channels != 3:
        raise errors.InputError(
            "--metadata is for MediaPipe, which takes photos in colour; this network"
            " takes gray ones"
        )
    black, white = (_prepare(network, [level] * 3) for level in (0, 255))
    std = 255 / np.where(white == black, np.nan, white - black)
    mean = -black * std
    # Colours whose channels differ tell whether they are swapped, mixed or bent.
    for colour in ([10, 200, 90], [255, 0, 40], [64, 128, 192]):
        expected = (np.array(colour) - mean) / std
        if not np.allclose(_prepare(network, colour), expected, 0, _TOLERANCE):
            raise errors.InputError(
                "--metadata is for MediaPipe, which scales and shifts each channel of"
                " an image; this network's preprocessing does otherwise: leave it out"
            )
    return Normalization(tuple(map(float, mean)), tuple(map(float, std)))


def _prepare(network: Exportable, colour: list[int]) -> np.ndarray:
    """Returns what becomes of an image of one colour: the value of each channel."""
    size = network.image_size
    image = tf.broadcast_to(tf.constant(colour, tf.uint8), [size, size, 3])
    return network.preprocess(image).numpy().mean(axis=(0, 1), dtype=np.float64)


def _keep_scores_alone(model: Any) -> None:
    """Leaves of a model the graph that takes prepared images, to probabilities."""
    [signature] = [one for one in model.signatureDefs if one.signatureKey == _WHOLE]
    [scores] = [one for one in signature.outputs if one.name == _SCORES.encode()]
    graph = model.subgraphs[signature.subgraphIndex]
    model.subgraphs, model.signatureDefs = [graph], [signature]
    graph.outputs, signature.outputs = [scores.tensorIndex], [scores]
    signature.subgraphIndex = 0


def _require_same(folder: Path, network: Exportable) -> None:
    """Raises an InputError if the two files differ in the scores of an image."""
    shape = [1, network.image_size, network.image_size, network.channels]
    image = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    expected, found = (
        lite.make_interpreter(
            model_content=(folder / file).read_bytes()
        ).get_signature_runner(_WHOLE.decode())(images=image)[_SCORES]
        for file in (lite.FILE, FILE)
    )
    if not np.array_equal(expected, found):
        raise errors.InputError(
            f"{FILE} differs from {lite.FILE}, so it is not kept: leave --metadata out"
        )


def _attach(model: Any, metadata: bytes) -> None:
    """Puts metadata into a model."""
    schema = errors.import_extra("ai_edge_litert.schema_py_generated", "litert")
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(metadata, np.uint8)
    model.buffers.append(buffer)
    entry.name, entry.buffer = _FIELD.encode(), len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]


def _make_metadata(network: Exportable, normalization: Normalization) -> bytes:
    """Returns the metadata of a classifier of photos."""
    schema = require()
    graph = schema.SubGraphMetadataT()
    graph.inputTensorMetadata = [_describe_image(schema, network, normalization)]
    graph.outputTensorMetadata = [_describe_scores(schema)]
    model = schema.ModelMetadataT()
    model.name = "slimnets classifier"
    model.description = f"Says which of {len(network.class_names)} classes a photo is."
    model.subgraphMetadata = [graph]
    model.minParserVersion = _PARSER
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output())


def _describe_image(schema: Any, network: Exportable, how: Normalization) -> Any:
    size = schema.ImageSizeT()
    size.width = size.height = network.image_size
    image = schema.ImagePropertiesT()
    image.colorSpace, image.defaultSize = schema.ColorSpaceType.RGB, size
    options = schema.NormalizationOptionsT()
    options.mean, options.std = how
    unit = schema.ProcessUnitT()
    unit.optionsType = schema.ProcessUnitOptions.NormalizationOptions
    unit.options = options
    described = schema.TensorMetadataT()
    described.name = "image"
    described.description = "A photo, RGB; (level - mean) / std of levels 0 to 255."
    described.content = schema.ContentT()
    described.content.contentPropertiesType = schema.ContentProperties.ImageProperties
    described.content.contentProperties = image
    described.processUnits = [unit]
    return described


def _describe_scores(schema: Any) -> Any:
    names = schema.AssociatedFileT()
    names.name, names.type = LABELS, schema.AssociatedFileType.TENSOR_AXIS_LABELS
    described = schema.TensorMetadataT()
    described.name = _SCORES
    described.description = "The probability of each class."
    described.content = schema.ContentT()
    described.content.contentPropertiesType = schema.ContentProperties.FeatureProperties
    described.content.contentProperties = schema.FeaturePropertiesT()
    described.associatedFiles = [names]
    return described
