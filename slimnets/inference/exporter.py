"""Export: a checkpoint as a file for another runtime, verified before it is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files, run_settings
from slimnets.config import dataclass_flags
from slimnets.config.inference import ExportConfig, TrainedNetworkConfig
from slimnets.datasets import images as image_files
from slimnets.datasets import pipeline, tfrecord
from slimnets.export import runtimes
from slimnets.export.exportable import Exportable
from slimnets.export.formats import FORMATS
from slimnets.inference import label_offset
from slimnets.inference.defaults import (
    complete_config,
    find_dataset,
    find_num_classes,
)
from slimnets.inference.predictor import Predictor, load_predictor

# Files that every format's runtime can decode, or is given decoded.
_KINDS = ("jpeg", "png")


class Comparison(NamedTuple):
    """The outputs of one signature of an export, beside the checkpoint's.

    Attributes:
      signature: its name.
      images: how many were run.
      agreeing: how many of them have the same top-1 class.
      difference: the largest between two logits, as a fraction of the largest logit.
    """

    signature: str
    images: int
    agreeing: int
    difference: float

    def __str__(self) -> str:
        return (
            f"{self.signature}: {self.agreeing} of {self.images} images of the same"
            f" class, largest difference {self.difference:.1e} of the largest logit"
        )


class Export(NamedTuple):
    """What was written.

    Attributes:
      output: its folder.
      comparisons: of each signature with the checkpoint.
      size: of all files, in bytes.
    """

    output: Path
    comparisons: tuple[Comparison, ...]
    size: int


class _Samples(NamedTuple):
    """Images to verify an export on.

    Attributes:
      encoded: JPEG or PNG files.
      images: the same, float32 [images, height, width, channels], preprocessed.
    """

    encoded: list[bytes]
    images: tf.Tensor


def export(config: ExportConfig, log: Callable[[str], None] = print) -> Export:
    """Writes a network with batch norm folded, and runs it by the format's runtime.

    Args:
      config: all settings.
      log: gets the lines that tell what is exported.

    Raises:
      InputError: a setting or an input is at fault, or what was written gives other
        logits than the checkpoint; --output is then as it was.
    """
    output = _check_output(config)
    FORMATS[config.format].require()
    checkpoint = checkpoints.require(config.trained.checkpoint_path)
    completed = complete_config(config.trained, checkpoint)
    num_classes = _require_classes(completed, checkpoint)
    predictor = load_predictor(completed, num_classes)
    log(str(predictor.restore(checkpoint)))
    class_names = _find_class_names(config.trained, checkpoint, num_classes, log)
    network = _make_exportable(predictor, class_names)
    samples = _read_samples(config, completed, predictor)
    with atomic_files.replace_folder(output) as unfinished:
        comparisons = _write_and_verify(
            config.format, unfinished, network, samples, predictor
        )
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    return Export(output, comparisons, size)


def _check_output(config: ExportConfig) -> Path:
    """Returns the folder to write; refuses to replace what is no export."""
    dataclass_flags.check(config)
    if not config.output:
        raise errors.InputError("name the folder to write with --output")
    output = Path(config.output).absolute()
    content = list(output.iterdir()) if output.is_dir() else []
    exported = any((output / known.file).exists() for known in FORMATS.values())
    if (content or output.is_file()) and not exported:
        raise errors.InputError(
            f"--output={output} holds something else than an export; name another"
        )
    if content and not config.overwrite:
        raise errors.InputError(
            f"--output={output} holds an export already; name another, or give"
            " --overwrite"
        )
    try:
        atomic_files.make_writable(output.parent)
    except OSError as error:
        raise errors.InputError(
            f"cannot write --output={output}: {error.strerror}"
        ) from error
    return output


def _require_classes(completed: TrainedNetworkConfig, checkpoint: str) -> int:
    num_classes = find_num_classes(completed, checkpoint)
    if num_classes is None:
        raise errors.InputError(
            f"{checkpoint} has no logits of {completed.model}, only features, or is of"
            " another network: name it with --model"
        )
    return num_classes


def _make_exportable(predictor: Predictor, class_names: tuple[str, ...]) -> Exportable:
    return Exportable(
        logits=lambda images: predictor.network(images)[0],
        image_size=predictor.model.image_size,
        channels=predictor.model.channels,
        preprocess=predictor.preprocess,
        class_names=class_names,
    )


def _find_class_names(
    given: TrainedNetworkConfig,
    checkpoint: str,
    num_classes: int,
    log: Callable[[str], None],
) -> tuple[str, ...]:
    """Returns a name for each logit: training's, those of a dataset given, numbers."""
    saved = run_settings.read(checkpoint)
    names: tuple[str, ...] = ()
    if saved:
        names = label_offset.list_class_names(saved.class_names, saved.labels_offset)
    elif given.dataset_dir:
        dataset = find_dataset(given)
        offset = given.labels_offset
        if offset is None:
            offset = label_offset.infer_offset(num_classes, dataset) or 0
        names = label_offset.list_class_names(dataset.class_names, offset)
    if len(names) == num_classes:
        return names
    log(
        f"the names of the {num_classes} classes are not known, so they are numbered;"
        " a --dataset_dir of as many classes names them"
    )
    return tuple(str(k) for k in range(num_classes))


def _read_samples(
    config: ExportConfig, completed: TrainedNetworkConfig, predictor: Predictor
) -> _Samples:
    """Reads the first images of a folder or a dataset, prepared as for evaluation."""
    if config.images is not None:
        return _read_image_samples(Path(config.images), config.num_images, predictor)
    dataset = find_dataset(completed)
    count = min(config.num_images, dataset.num_examples)
    records = tfrecord.read_records(dataset.files, dataset.compression).take(count)
    encoded = [
        tfrecord.parse_example(record, ["encoded"])["encoded"].numpy()
        for record in records
    ]
    batches = pipeline.eval_batches(
        dataset, predictor.preprocess, count, channels=predictor.model.channels
    )
    images = _take_first(batches, lambda e: pipeline.describe_failure(e, dataset))
    return _Samples(encoded, images)


def _read_image_samples(folder: Path, count: int, predictor: Predictor) -> _Samples:
    paths = _find_first_files(folder, count)
    encoded = [Path(path).read_bytes() for path in paths]
    batches = pipeline.image_batches(
        paths, predictor.preprocess, len(paths), predictor.model.channels
    )
    images = _take_first(batches, lambda e: pipeline.describe_image_failure(e, paths))
    return _Samples(encoded, images)


def _find_first_files(folder: Path, count: int) -> list[str]:
    """Returns the first JPEG and PNG files under a folder."""
    found: list[str] = []
    for path in image_files.list_images(folder):
        with open(path, "rb") as file:
            if image_files.detect_format(file.read(16)) in _KINDS:
                found.append(path)
        if len(found) == count:
            break
    if not found:
        raise errors.InputError(f"no JPEG or PNG image in --images={folder}")
    return found


def _take_first(
    batches: tf.data.Dataset,
    explain: Callable[[tf.errors.OpError], errors.InputError],
) -> tf.Tensor:
    """Returns the images of the first batch."""
    try:
        return next(iter(batches))["image"]
    except tf.errors.OpError as error:
        raise explain(error) from error


def _write_and_verify(
    format_name: str,
    folder: Path,
    network: Exportable,
    samples: _Samples,
    predictor: Predictor,
) -> tuple[Comparison, ...]:
    """Writes a network and compares its logits with the checkpoint's."""
    expected = predictor.model(samples.images)[0].numpy()
    FORMATS[format_name].write(folder, network)
    found = FORMATS[format_name].run(folder, samples.encoded, samples.images.numpy())
    comparisons = tuple(
        _compare(signature, logits, expected) for signature, logits in found.items()
    )
    for comparison in comparisons:
        if not comparison.difference <= runtimes.BOUND:
            raise errors.InputError(
                f"the {format_name} differs from the checkpoint, so it is not kept:"
                f" {comparison}, more than {runtimes.BOUND:.0e}"
            )
    return comparisons


def _compare(signature: str, logits: np.ndarray, expected: np.ndarray) -> Comparison:
    scale = np.abs(expected).max() or 1.0
    return Comparison(
        signature=signature,
        images=len(expected),
        agreeing=int((logits.argmax(axis=1) == expected.argmax(axis=1)).sum()),
        difference=float(np.abs(logits - expected).max() / scale),
    )
