"""Export: a checkpoint as a file for another runtime, verified before it is kept."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files
from slimnets.config import dataclass_flags
from slimnets.config.inference import (
    ExportConfig,
    InferenceConfig,
    TrainedNetworkConfig,
)
from slimnets.export import classifier_metadata, runtimes
from slimnets.export.exportable import Exportable
from slimnets.export.formats import FORMATS
from slimnets.inference import (
    parity_report,
    parity_scores,
    post_training_export,
    quantized_export,
    samples,
)
from slimnets.inference.class_names import find_class_names
from slimnets.inference.comparison import Comparison, compare
from slimnets.inference.defaults import (
    complete_config,
    find_activation,
    find_num_classes,
    find_weights,
)
from slimnets.inference.export_job import Job
from slimnets.inference.parity import FILE, Parity
from slimnets.inference.predictor import Predictor, load_predictor

_OF_TENSORFLOW = ("saved_model", "frozen_graph")  # which say what they compute in
Comparisons = tuple[Comparison | quantized_export.IntegerComparison, ...]


class Export(NamedTuple):
    """What was written.

    Attributes:
      output: its folder.
      comparisons: of each signature with the checkpoint.
      size: of all files, in bytes.
      left_out: a line for each image that could not be used to verify it.
      parity: of a quantized file of LiteRT's, beside the checkpoint.
    """

    output: Path
    comparisons: Comparisons
    size: int
    left_out: tuple[str, ...] = ()
    parity: Parity | None = None


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
    post_training_export.check(config, checkpoint)
    completed = complete_config(config.trained, checkpoint)
    num_classes = _require_classes(completed, checkpoint)
    quantize = quantized_export.is_asked_for(config, checkpoint)
    how = InferenceConfig(quantize=quantize, precision=config.precision)
    predictor = load_predictor(completed, num_classes, how, log)
    log(str(predictor.restore(checkpoint)))
    class_names = find_class_names(config.trained, checkpoint, num_classes, log)
    upright = completed.upright is not False
    network = _make_exportable(predictor, class_names)._replace(
        upright=upright,
        max_pixels=config.max_pixels,
        activation=find_activation(checkpoint),
    )
    if config.metadata:
        classifier_metadata.find_normalization(network)  # fails now, not at the end
    images = samples.read(config, completed, predictor, log)
    parity, left_out = None, images.left_out
    job = Job(config, completed, checkpoint, network, predictor, images, log)
    with atomic_files.replace_folder(output) as unfinished:
        if config.post_training.post_training_quantize:
            written = post_training_export.write(unfinished, job)
            comparisons: Comparisons = (written.comparison,)
            parity, left_out = written.parity, (*left_out, *written.left_out)
        else:
            judged = network.is_quantized and config.format == "lite"
            if judged:
                parity_report.require_images(job)  # fails now, not at the end
            comparisons = _write_and_verify(unfinished, job)
            if judged:
                parity, lines = _judge_rounded(unfinished, job, num_classes)
                left_out = (*left_out, *lines)
        if config.metadata:
            _write_metadata(unfinished, network)
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    # The images of a folder are read for more than one end.
    return Export(output, comparisons, size, tuple(dict.fromkeys(left_out)), parity)


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
    if config.precision != "float32" and config.format not in _OF_TENSORFLOW:
        raise errors.InputError(
            f"--precision={config.precision} is of TensorFlow's formats,"
            f" {' and '.join(_OF_TENSORFLOW)}; leave it out for"
            f" --format={config.format}, whose runtimes choose theirs"
        )
    if config.metadata and config.format != "lite":
        raise errors.InputError(
            "--metadata is of LiteRT's files; give --format=lite instead of"
            f" --format={config.format}, or leave it out"
        )
    FORMATS[config.format].require(output)
    if config.metadata:
        classifier_metadata.require()
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


def _write_and_verify(folder: Path, job: Job) -> Comparisons:
    """Writes a network and compares its logits with the checkpoint's."""
    name, network, images = job.config.format, job.network, job.samples
    expected = _compute_expected(job)
    try:
        FORMATS[name].write(folder, network)
    except (OSError, tf.errors.OpError) as error:
        raise errors.InputError(
            f"cannot write the export into {folder.parent}: {errors.summarize(error)}"
        ) from error
    found = FORMATS[name].run(folder, images.encoded, images.images.numpy())
    if network.is_quantized and name == "lite":
        step = quantized_export.find_last_step(job.predictor.model, found, expected)
        return quantized_export.compare_all(found, expected, step)
    comparisons = tuple(
        compare(signature, logits, expected) for signature, logits in found.items()
    )
    bound = runtimes.BOUNDS[job.predictor.precision]
    for comparison in comparisons:
        if not comparison.difference <= bound:
            raise errors.InputError(
                f"the {name} differs from the checkpoint, so it is not kept:"
                f" {comparison}, more than {bound:.0e}"
            )
    return comparisons


def _judge_rounded(
    folder: Path, job: Job, num_classes: int
) -> tuple[Parity, tuple[str, ...]]:
    """Writes the report of an int8 file that was trained for it.

    Returns:
      The report, and a line for each image that could not be scored.

    Raises:
      InputError: the file loses more accuracy than it may, against what was trained.
    """
    in_float = load_predictor(job.completed, num_classes, InferenceConfig())
    in_float.restore(job.checkpoint)
    logits = quantized_export.make_logits(job.predictor, integer_kernels=True)
    report, left_out = parity_report.make(
        folder,
        job,
        job.network._replace(
            logits=quantized_export.make_logits(in_float), is_quantized=False
        ),
        run_rounded=parity_scores.run_in_tensorflow(logits),
    )
    report.require(job.config.post_training.max_drop)
    atomic_files.write_json(folder / FILE, report.to_json())
    return report, left_out


def _write_metadata(folder: Path, network: Exportable) -> None:
    try:
        classifier_metadata.write(folder, network)
    except OSError as error:
        raise errors.InputError(
            f"cannot write the export into {folder.parent}: {errors.summarize(error)}"
        ) from error


def _compute_expected(job: Job) -> np.ndarray:
    """Returns the checkpoint's logits, rounded on the way where the export's are."""
    images, predictor = job.samples.images, job.predictor
    if job.network.is_quantized:
        logits = quantized_export.make_logits(predictor, integer_kernels=True)
        return tf.function(logits, autograph=False)(images).numpy()
    if predictor.precision != "float32":
        in_float32 = InferenceConfig(fold_batch_norm=False)
        num_classes = predictor.model.num_classes
        predictor = load_predictor(job.completed, num_classes, in_float32)
        predictor.restore(job.checkpoint)
    return predictor.model(images)[0].numpy()
