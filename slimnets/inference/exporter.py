"""Export: a checkpoint as a file for another runtime, verified before it is kept."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files
from slimnets.config import calls, dataclass_flags
from slimnets.config.inference import (
    ExportConfig,
    InferenceConfig,
    TrainedNetworkConfig,
)
from slimnets.datasets import failures, record_faults, tfrecord
from slimnets.datasets import images as image_files
from slimnets.datasets.folder_files import File
from slimnets.datasets.registry import Dataset
from slimnets.export import runtimes
from slimnets.export.exportable import Exportable
from slimnets.export.formats import FORMATS
from slimnets.inference import quantized_export
from slimnets.inference.class_names import find_class_names
from slimnets.inference.defaults import (
    complete_config,
    find_activation,
    find_dataset,
    find_num_classes,
    find_weights,
)
from slimnets.inference.predictor import Predictor, load_predictor
from slimnets.preprocessing import registry as recipes
from slimnets.preprocessing.encoded import Encoded

# Files that every format's runtime can decode, or is given decoded.
_KINDS = ("jpeg", "png")

# Ways to resize for which LiteRT has no kernel.
_NOT_IN_LITERT = ("bicubic", "area")


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
      left_out: a line for each image that could not be used to verify it.
    """

    output: Path
    comparisons: tuple[Comparison | quantized_export.IntegerComparison, ...]
    size: int
    left_out: tuple[str, ...] = ()


class _Samples(NamedTuple):
    """Images to verify an export on.

    Attributes:
      encoded: JPEG or PNG files.
      images: the same, float32 [images, height, width, channels], preprocessed.
      left_out: a line for each file that was passed over, for it is broken.
    """

    encoded: list[bytes]
    images: tf.Tensor
    left_out: tuple[str, ...]


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
    trained = find_weights(config.trained, log)
    config = dataclasses.replace(config, trained=trained)
    checkpoint = checkpoints.require(trained.checkpoint_path, log)
    completed = complete_config(config.trained, checkpoint)
    _require_convertible(config.format, completed)
    num_classes = _require_classes(completed, checkpoint)
    quantize = quantized_export.is_asked_for(config, checkpoint)
    how = InferenceConfig(quantize=quantize)
    predictor = load_predictor(completed, num_classes, how)
    log(str(predictor.restore(checkpoint)))
    class_names = find_class_names(config.trained, checkpoint, num_classes, log)
    upright = completed.upright is not False
    network = _make_exportable(predictor, class_names)._replace(
        upright=upright,
        max_pixels=config.max_pixels,
        activation=find_activation(checkpoint),
    )
    samples = _read_samples(config, completed, predictor, log)
    with atomic_files.replace_folder(output) as unfinished:
        comparisons = _write_and_verify(
            config.format, unfinished, network, samples, predictor
        )
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    return Export(output, comparisons, size, samples.left_out)


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
    FORMATS[config.format].require(output)
    try:
        atomic_files.make_writable(output.parent)
    except OSError as error:
        raise errors.InputError(
            f"cannot write --output={output}: {error.strerror}"
        ) from error
    return output


def _require_convertible(format_name: str, config: TrainedNetworkConfig) -> None:
    """Raises an InputError for preprocessing that the format's runtime cannot do."""
    name = config.preprocessing_name or config.require_model()
    recipe = recipes.add_resizing(name, config.resizing)
    if format_name == "lite" and recipes.name_recipe(recipe) == "standard":
        raise errors.InputError(
            "--format=lite: LiteRT cannot resize with antialiasing, as the recipe"
            f" {recipe} does; give --format=saved_model, or another recipe with"
            " --preprocessing_name, such as imagenet"
        )
    interpolation = calls.parse(recipe).arguments.get("interpolation")
    if format_name == "lite" and interpolation in _NOT_IN_LITERT:
        raise errors.InputError(
            f"--format=lite: LiteRT cannot resize by {interpolation}; give"
            " --format=saved_model, or --interpolation=bilinear, and evaluate with that"
        )


def _require_classes(completed: TrainedNetworkConfig, checkpoint: str) -> int:
    num_classes = find_num_classes(completed, checkpoint)
    if num_classes is None:
        raise errors.InputError(
            f"{checkpoint} has no logits of {completed.model}, only features, or is of"
            " another network: name it with --model"
        )
    return num_classes


def _make_exportable(predictor: Predictor, class_names: tuple[str, ...]) -> Exportable:
    if predictor.quantization is not None:
        quantized_export.widen_weights(predictor.model)
    return Exportable(
        logits=quantized_export.make_logits(predictor),
        is_quantized=predictor.quantization is not None,
        image_size=predictor.model.image_size,
        channels=predictor.model.channels,
        preprocess=predictor.preprocess,
        class_names=class_names,
    )


def _read_samples(
    config: ExportConfig,
    completed: TrainedNetworkConfig,
    predictor: Predictor,
    log: Callable[[str], None],
) -> _Samples:
    """Reads the first images of a folder or a dataset, prepared as for evaluation."""
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
    return _Samples(encoded, images, tuple(left_out))


def _read_records(dataset: Dataset, config: ExportConfig) -> list[bytes]:
    """Returns the images of the first records; InputError where one is broken."""
    count = min(config.num_images, dataset.num_examples)
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
        if len(found) == config.num_images:
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


def _write_and_verify(
    format_name: str,
    folder: Path,
    network: Exportable,
    samples: _Samples,
    predictor: Predictor,
) -> tuple[Comparison | quantized_export.IntegerComparison, ...]:
    """Writes a network and compares its logits with the checkpoint's."""
    expected = _compute_expected(network, samples, predictor)
    try:
        FORMATS[format_name].write(folder, network)
    except (OSError, tf.errors.OpError) as error:
        raise errors.InputError(
            f"cannot write the export into {folder.parent}: {errors.summarize(error)}"
        ) from error
    found = FORMATS[format_name].run(folder, samples.encoded, samples.images.numpy())
    if network.is_quantized and format_name == "lite":
        step = quantized_export.find_last_step(predictor.model, found, expected)
        return quantized_export.compare_all(found, expected, step)
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


def _compute_expected(
    network: Exportable, samples: _Samples, predictor: Predictor
) -> np.ndarray:
    """Returns the checkpoint's logits, rounded on the way where the export's are."""
    if not network.is_quantized:
        return predictor.model(samples.images)[0].numpy()
    logits = quantized_export.make_logits(predictor, integer_biases=True)
    return tf.function(logits, autograph=False)(samples.images).numpy()


def _compare(signature: str, logits: np.ndarray, expected: np.ndarray) -> Comparison:
    scale = np.abs(expected).max() or 1.0
    return Comparison(
        signature=signature,
        images=len(expected),
        agreeing=int((logits.argmax(axis=1) == expected.argmax(axis=1)).sum()),
        difference=float(np.abs(logits - expected).max() / scale),
    )
