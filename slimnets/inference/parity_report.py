"""Makes the report of a quantized file: it is scored and timed beside the network."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from slimnets import errors, hardware
from slimnets.checkpoints import run_settings
from slimnets.datasets import registry
from slimnets.export import lite
from slimnets.export.exportable import Exportable
from slimnets.export.runtimes import Run
from slimnets.inference import call_times, parity_scores
from slimnets.inference.export_job import Job
from slimnets.inference.parity import Parity, Scored

_ROUNDED, _FLOAT, _FILE = "rounded", "float", "file"


def require_images(job: Job) -> None:
    """Raises an InputError where nothing says what the network was trained on.

    Elsewhere the digits in the package take the place of a dataset that is not named.
    """
    if job.completed.dataset_dir is not None or job.config.images is not None:
        return
    saved = run_settings.read(job.checkpoint)
    digits = registry.get_dataset(None, "train")
    if saved is None or saved.class_names != digits.class_names:
        raise errors.InputError(
            f"nothing tells what images {job.checkpoint} was trained on, by which the"
            f" {job.kind} file is judged; name them with --dataset_dir, or a folder of"
            " photos with --images"
        )


def make(
    folder: Path,
    job: Job,
    network: Exportable,
    *,
    run_rounded: Run | None = None,
    calibration_images: int = 0,
) -> tuple[Parity, tuple[str, ...]]:
    """Returns the report, and a line for each image that could not be scored.

    Args:
      folder: holds the file.
      job: what was exported.
      network: of the checkpoint, in float.
      run_rounded: runs a batch by the network as it was trained, if it was rounded
        then; None if it was trained in float.
      calibration_images: on which ranges were found.

    Raises:
      InputError: the images are at fault.
    """
    content, original = (folder / lite.FILE).read_bytes(), _write_float(network)
    run, run_original = _make_runner(content), _make_runner(original)
    # The first one decides where nothing is labelled.
    runs: dict[str, Run] = {} if run_rounded is None else {_ROUNDED: run_rounded}
    runs[_FLOAT] = parity_scores.run_in_tensorflow(network.logits)
    runs[_FILE] = lambda images: run(images=np.asarray(images))
    scores = parity_scores.score(
        job.config, job.completed, job.checkpoint, job.predictor, runs, job.log
    )
    one = job.samples.images[:1].numpy()
    times = call_times.measure(
        {_FLOAT: lambda: run_original(images=one), _FILE: lambda: run(images=one)}
    )
    measures = scores.measures
    rounded = measures.get(_ROUNDED)
    report = Parity(
        kind=job.kind,
        images=scores.images,
        source=scores.source,
        checkpoint=Scored(
            "checkpoint, float", measures[_FLOAT], times[_FLOAT], len(original)
        ),
        file=Scored(
            f"{job.kind} by LiteRT", measures[_FILE], times[_FILE], len(content)
        ),
        threads=hardware.cores(),
        calibration_images=calibration_images,
        rounded=None if rounded is None else Scored("checkpoint, rounded", rounded),
    )
    return report, scores.left_out


def _write_float(network: Exportable) -> bytes:
    """Returns the content of a float file."""
    with tempfile.TemporaryDirectory() as scratch:
        lite.write(Path(scratch), network)
        return (Path(scratch) / lite.FILE).read_bytes()


def _make_runner(content: bytes) -> Any:
    interpreter = lite.make_interpreter(model_content=content)
    return interpreter.get_signature_runner("serving_default")
