"""Images to try an export on: files as they are, and prepared for the network."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from slimnets import errors
from slimnets.config.inference import ExportConfig, TrainedNetworkConfig
from slimnets.datasets import failures, record_faults, tfrecord
from slimnets.datasets import images as image_files
from slimnets.datasets.folder_files import File
from slimnets.datasets.registry import Dataset
from slimnets.inference.defaults import find_dataset
from slimnets.inference.predictor import Predictor
from slimnets.preprocessing.encoded import Encoded

# Files that every format's runtime can decode, or is given decoded.
_KINDS = ("jpeg", "png")

_MANY_ENOUGH = 32  # where nobody says how many


class Samples(NamedTuple):
    """Images to verify an export on.

    Attributes:
      encoded: JPEG or PNG files.
      images: the same, float32 [images, height, width, channels], preprocessed.
      left_out: a line for each file that was passed over, for it is broken.
    """

    encoded: list[bytes]
    images: tf.Tensor
    left_out: tuple[str, ...]


def read(
    config: ExportConfig,
    completed: TrainedNetworkConfig,
    predictor: Predictor,
    log: Callable[[str], None],
) -> Samples:
    """Reads the first images of a folder or a dataset, prepared as for evaluation.

    Raises:
      InputError: there are none, or a record is broken.
    """
    decode = functools.partial(
        Encoded,
        channels=predictor.model.channels,
        upright=completed.upright is not False,
        max_pixels=config.max_pixels,
    )
    if config.images is not None:
        encoded, left_out = _read_files(Path(config.images), config)
    else:
        dataset = find_dataset(completed, log, max_pixels=config.max_pixels)
        encoded, left_out = _read_records(dataset, config), [*dataset.left_out]
    prepare = tf.function(
        lambda one: predictor.preprocess(decode(one)),
        input_signature=[tf.TensorSpec([], tf.string)],
        autograph=False,
    )
    images = tf.stack([prepare(one) for one in encoded])
    if completed.upright is False:
        # The formats' runtimes turn photos as cameras noted, which pixels cannot say.
        encoded = [tf.io.encode_png(decode(one).whole()).numpy() for one in encoded]
    return Samples(encoded, images, tuple(left_out))


def _read_records(dataset: Dataset, config: ExportConfig) -> list[bytes]:
    """Returns the images of the first records; InputError where one is broken."""
    count = min(config.num_images or _MANY_ENOUGH, dataset.num_examples)
    fault = record_faults.find_fault(
        dataset.files,
        range(dataset.num_classes),
        compression=dataset.compression,
        most=count,
        max_pixels=config.max_pixels,
        multi_label=dataset.multi_label,
    )
    if fault:
        raise errors.InputError(fault)
    records = tfrecord.read_records(dataset.files, dataset.compression).take(count)
    return [
        tfrecord.parse_example(record, ["encoded"])["encoded"].numpy()
        for record in records
    ]


def _read_files(folder: Path, config: ExportConfig) -> tuple[list[bytes], list[str]]:
    """Returns the first sound JPEG and PNG files, and a line for each broken one."""
    found: list[bytes] = []
    left_out: list[str] = []
    for file in image_files.find_images(folder):
        fault = _describe_fault(file, config.max_pixels)
        if fault:
            left_out.append(fault)
            continue
        encoded = image_files.read_file(file.path)
        if image_files.detect_format(encoded) in _KINDS:
            found.append(encoded)
        if len(found) == (config.num_images or _MANY_ENOUGH):
            break
    if not found:
        raise errors.InputError(
            left_out[0] if left_out else f"no JPEG or PNG image in --images={folder}"
        )
    return found, left_out


def _describe_fault(file: File, max_pixels: int) -> str | None:
    if file.fault:
        return f"{errors.printable(str(file.path))}: {file.fault}"
    return failures.describe_broken_image(str(file.path), max_pixels)
