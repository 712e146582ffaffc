"""Export: a checkpoint as a file for another runtime, tried out before it is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files, run_settings
from slimnets.config import dataclass_flags
from slimnets.config.inference import ExportConfig, SourceConfig
from slimnets.datasets import images as image_files
from slimnets.datasets import pipeline, tfrecord
from slimnets.export import runtimes
from slimnets.export.formats import FORMATS
from slimnets.export.network import Network
from slimnets.inference import label_offset, predictor

# Files that every format's runtime can decode, or is given decoded.
_KINDS = ("jpeg", "png")


class Comparison(NamedTuple):
    """What one signature of an export gave, against the checkpoint.

    Attributes:
      signature: its name.
      images: how many were run.
      agreeing: of how many the likeliest class is the same.
      difference: the largest between two logits, as part of the largest logit.
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


class _Trial(NamedTuple):
    """Images to try an export out on.

    Attributes:
      encoded: JPEG or PNG files.
      images: the same, float32 [images, height, width, channels], preprocessed.
    """

    encoded: list[bytes]
    images: tf.Tensor


def export(config: ExportConfig, say: Callable[[str], None] = print) -> Export:
    """Writes a network with batch norm folded, and runs it by the format's runtime.

    Args:
      config: all settings.
      say: gets the lines that tell what is exported.

    Raises:
      InputError: a setting or an input is at fault, or what was written gives other
        logits than the checkpoint; --output is then as it was.
    """
    output = _checked_output(config)
    FORMATS[config.format].require()
    checkpoint = checkpoints.require(config.source.checkpoint_path)
    completed = predictor.completed(config.source, checkpoint)
    num_classes = _num_classes(completed, checkpoint)
    loaded = predictor.load(completed, num_classes)
    say(str(loaded.restore(checkpoint)))
    class_names = _class_names(config.source, checkpoint, num_classes, say)
    network = _network(loaded, class_names)
    trial = _trial(config, completed, loaded)
    with atomic_files.whole_folder(output) as unfinished:
        comparisons = _written(config.format, unfinished, network, trial, loaded)
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    return Export(output, comparisons, size)


def _checked_output(config: ExportConfig) -> Path:
    dataclass_flags.check(config)
    if not config.output:
        raise errors.InputError("name the folder to write with --output")
    output = Path(config.output).absolute()
    held = list(output.iterdir()) if output.is_dir() else []
    exported = any((output / known.file).exists() for known in FORMATS.values())
    if (held or output.is_file()) and not exported:
        raise errors.InputError(
            f"--output={output} holds something else than an export; name another"
        )
    if held and not config.overwrite:
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


def _num_classes(completed: SourceConfig, checkpoint: str) -> int:
    num_classes = completed.num_classes or checkpoints.read_num_classes(
        checkpoint, completed.require_model()
    )
    if num_classes is None:
        raise errors.InputError(
            f"{checkpoint} has no logits of {completed.model}, only features, or is of"
            " another network: name it with --model"
        )
    return num_classes


def _network(loaded: predictor.Source, class_names: tuple[str, ...]) -> Network:
    return Network(
        logits=lambda images: loaded.network(images)[0],
        image_size=loaded.model.image_size,
        channels=loaded.model.channels,
        preprocess=loaded.preprocess,
        class_names=class_names,
    )


def _class_names(
    given: SourceConfig,
    checkpoint: str,
    num_classes: int,
    say: Callable[[str], None],
) -> tuple[str, ...]:
    """Returns a name for each logit: training's, those of a dataset given, numbers."""
    saved = run_settings.read(checkpoint)
    names: tuple[str, ...] = ()
    if saved:
        names = label_offset.names(saved.class_names, saved.labels_offset)
    elif given.dataset_dir:
        dataset = predictor.find_dataset(given)
        offset = given.labels_offset
        if offset is None:
            offset = label_offset.offset_between(num_classes, dataset) or 0
        names = label_offset.names(dataset.class_names, offset)
    if len(names) == num_classes:
        return names
    say(
        f"the names of the {num_classes} classes are not known, so they are numbered;"
        " a --dataset_dir of as many classes names them"
    )
    return tuple(str(k) for k in range(num_classes))


def _trial(
    config: ExportConfig, completed: SourceConfig, loaded: predictor.Source
) -> _Trial:
    """Reads the first images of a folder or a dataset, prepared as for evaluation."""
    channels = loaded.model.channels
    if config.images is not None:
        paths = _first_files(Path(config.images), config.num_images)
        encoded = [Path(path).read_bytes() for path in paths]
        batches = pipeline.image_batches(paths, loaded.preprocess, len(paths), channels)
        return _Trial(
            encoded,
            _first(batches, lambda e: pipeline.describe_image_failure(e, paths)),
        )
    dataset = predictor.find_dataset(completed)
    count = min(config.num_images, dataset.num_examples)
    records = tf.data.TFRecordDataset(list(dataset.files)).take(count)
    encoded = [tfrecord.parse_example(r)["encoded"].numpy() for r in records]
    batches = pipeline.eval_batches(
        dataset, loaded.preprocess, count, channels=channels
    )
    return _Trial(
        encoded, _first(batches, lambda e: pipeline.describe_failure(e, dataset))
    )


def _first_files(folder: Path, count: int) -> list[str]:
    """Returns the first JPEG and PNG files under a folder."""
    found = []
    for path in image_files.list_images(folder):
        with open(path, "rb") as file:
            if image_files.detect_format(file.read(16)) in _KINDS:
                found.append(path)
        if len(found) == count:
            break
    if not found:
        raise errors.InputError(f"no JPEG or PNG image in --images={folder}")
    return found


def _first(
    batches: tf.data.Dataset,
    explain: Callable[[tf.errors.OpError], errors.InputError],
) -> tf.Tensor:
    try:
        return next(iter(batches))["image"]
    except tf.errors.OpError as error:
        raise explain(error) from error


def _written(
    name: str, folder: Path, network: Network, trial: _Trial, loaded: predictor.Source
) -> tuple[Comparison, ...]:
    """Writes a network and compares what it gives with what the checkpoint gives."""
    expected = loaded.model(trial.images)[0].numpy()
    FORMATS[name].write(folder, network)
    found = FORMATS[name].run(folder, trial.encoded, trial.images.numpy())
    comparisons = tuple(
        _compared(signature, logits, expected) for signature, logits in found.items()
    )
    for comparison in comparisons:
        if not comparison.difference <= runtimes.BOUND:
            raise errors.InputError(
                f"the {name} differs from the checkpoint, so it is not kept:"
                f" {comparison}, more than {runtimes.BOUND:.0e}"
            )
    return comparisons


def _compared(signature: str, logits: np.ndarray, expected: np.ndarray) -> Comparison:
    scale = np.abs(expected).max() or 1.0
    return Comparison(
        signature=signature,
        images=len(expected),
        agreeing=int((logits.argmax(axis=1) == expected.argmax(axis=1)).sum()),
        difference=float(np.abs(logits - expected).max() / scale),
    )
