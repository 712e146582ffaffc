"""Export of a network that is quantized after training, scored before it is kept."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import atomic_files
from slimnets.config.inference import ExportConfig
from slimnets.export import lite, post_training
from slimnets.inference import calibration, parity, parity_report
from slimnets.inference.calibration import Calibration
from slimnets.inference.comparison import Comparison, compare
from slimnets.inference.export_job import Job
from slimnets.inference.parity import Parity

# The share of images that both signatures give the same class: their preparation
# differs by rounding, which a quantized network may carry far.
_LEAST_AGREEING = 0.9


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
    parity_report.require_images(job)
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
    report, left_out = parity_report.make(
        folder, job, job.network, calibration_images=len(calibrated.images)
    )
    report.require(job.config.post_training.max_drop)
    atomic_files.write_json(folder / parity.FILE, report.to_json())
    return Written(report, comparison, (*calibrated.left_out, *left_out))


def _list_names(checkpoint: str) -> list[str]:
    return list(checkpoints.read_shapes(checkpoint))


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
