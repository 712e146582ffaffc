"""Export of a network that is quantized after training, scored before it is kept."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import checkpoints, errors, hardware
from slimnets.checkpoints import atomic_files, run_settings
from slimnets.config.inference import ExportConfig, TrainedNetworkConfig
from slimnets.datasets import registry
from slimnets.export import lite, post_training
from slimnets.export.exportable import Exportable
from slimnets.inference import calibration, call_times, parity, parity_scores
from slimnets.inference.calibration import Calibration
from slimnets.inference.comparison import Comparison, compare
from slimnets.inference.parity import Parity, Scored
from slimnets.inference.predictor import Predictor
from slimnets.inference.samples import Samples

# The share of images that both signatures give the same class: their preparation
# differs by rounding, which a quantized network may carry far.
_LEAST_AGREEING = 0.9


class Job(NamedTuple):
    """What is exported.

    Attributes:
      config: all settings.
      completed: which network, with what follows from the checkpoint.
      checkpoint: its path.
      network: in float, as it is exported.
      predictor: the same, with its weights.
      samples: images to try the file on.
      log: gets the lines that tell what is done.
    """

    config: ExportConfig
    completed: TrainedNetworkConfig
    checkpoint: str
    network: Exportable
    predictor: Predictor
    samples: Samples
    log: Callable[[str], None]

    @property
    def kind(self) -> str:
        """How it is quantized."""
        return str(self.config.post_training.post_training_quantize)


class Written(NamedTuple):
    """What was written.

    Attributes:
      parity: the report.
      comparison: of the file's two signatures.
      left_out: a line for each image that could not be used.
    """

    parity: Parity
    comparison: Comparison
    left_out: tuple[str, ...]


def check(config: ExportConfig, checkpoint: str) -> None:
    """Raises an InputError where a network cannot be quantized after training.

    Args:
      config: all settings.
      checkpoint: its path.
    """
    kind = config.post_training.post_training_quantize
    if kind is None:
        return
    if config.format != "lite":
        raise errors.InputError(
            f"--post_training_quantize={kind} is of LiteRT's files; give --format=lite"
            f" instead of --format={config.format}, or leave it out"
        )
    if config.quantize or any(map(checkpoints.is_range, _list_names(checkpoint))):
        raise errors.InputError(
            f"{checkpoint} was trained to be rounded to 8 bits, as --format=lite writes"
            f" it by itself; leave --post_training_quantize={kind} out"
        )


def write(folder: Path, job: Job) -> Written:
    """Writes the file and its report into a folder.

    Raises:
      InputError: the images are at fault, the file cannot be written, or loses more
        accuracy than it may.
    """
    _require_images(job)
    calibrated = Calibration(np.zeros([0], np.float32))
    if job.kind == post_training.CALIBRATED:
        calibrated = calibration.read(job.config, job.completed, job.predictor, job.log)
    try:
        post_training.write(folder, job.network, job.kind, calibrated.images)
    except (OSError, tf.errors.OpError) as error:
        raise errors.InputError(
            f"cannot write the export into {folder.parent}: {errors.summarize(error)}"
        ) from error
    comparison = _compare_signatures(folder, job)
    report, left_out = _report(folder, job, len(calibrated.images))
    report.require(job.config.post_training.max_drop)
    atomic_files.write_json(folder / parity.FILE, report.to_json())
    return Written(report, comparison, (*calibrated.left_out, *left_out))


def _list_names(checkpoint: str) -> list[str]:
    return list(checkpoints.read_shapes(checkpoint))


def _require_images(job: Job) -> None:
    """Raises an InputError where nothing says what the network was trained on.

    Elsewhere the digits in the package take the place of a dataset that is not named.
    """
    if job.completed.dataset_dir is not None or job.config.images is not None:
        return
    saved = run_settings.read(job.checkpoint)
    digits = registry.get_dataset(None, "train")
    if saved is None or saved.class_names != digits.class_names:
        raise errors.InputError(
            f"nothing tells what images {job.checkpoint} was trained on, by which a"
            f" {job.kind} file is judged; name them with --dataset_dir, or a folder of"
            " photos with --images"
        )


def _compare_signatures(folder: Path, job: Job) -> Comparison:
    """Runs both signatures on the same images, of which they have to say the same."""
    images = job.samples.images.numpy()
    found = lite.run(folder, job.samples.encoded, images)
    comparison = compare(
        "pixels beside images", found["pixels"], found["serving_default"]
    )
    if not comparison.agreeing >= _LEAST_AGREEING * comparison.images:
        raise errors.InputError(
            f"the {job.kind} file is not kept: its two signatures do not say the same:"
            f" {comparison}"
        )
    return comparison


def _report(
    folder: Path, job: Job, calibration_images: int
) -> tuple[Parity, tuple[str, ...]]:
    """Returns the report, and a line for each image that could not be scored."""
    content = (folder / lite.FILE).read_bytes()
    with tempfile.TemporaryDirectory() as scratch:
        lite.write(Path(scratch), job.network)
        original = (Path(scratch) / lite.FILE).read_bytes()
    run, run_original = _make_runner(content), _make_runner(original)
    pair = parity_scores.score(
        job.config,
        job.completed,
        job.checkpoint,
        job.predictor,
        lambda images: run(images=np.asarray(images)),
        job.log,
    )
    one = job.samples.images[:1].numpy()
    times = call_times.measure(
        {"float": lambda: run_original(images=one), job.kind: lambda: run(images=one)}
    )
    float_name, file_name = "checkpoint, float", f"{job.kind} by LiteRT"
    report = Parity(
        kind=job.kind,
        images=pair.images,
        source=pair.source,
        checkpoint=Scored(float_name, pair.checkpoint, times["float"], len(original)),
        file=Scored(file_name, pair.file, times[job.kind], len(content)),
        threads=hardware.cores(),
        calibration_images=calibration_images,
    )
    return report, pair.left_out


def _make_runner(content: bytes) -> Any:
    interpreter = lite.make_interpreter(model_content=content)
    return interpreter.get_signature_runner("serving_default")
