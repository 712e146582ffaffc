"""The accuracy of a network by several runners, on the same images."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.config.inference import (
    EvalConfig,
    ExportConfig,
    InferenceConfig,
    TrainedNetworkConfig,
)
from slimnets.config.reading import ReadingConfig
from slimnets.datasets import pipeline
from slimnets.export.runtimes import Run
from slimnets.inference import evaluation_setup, sound_images
from slimnets.inference.defaults import make_decoding
from slimnets.inference.parity import SAME_CLASS
from slimnets.inference.predictor import Predictor
from slimnets.inference.scoring import score_split

_BATCH_SIZE = 50
_MEASURES = ("top1", "top5", "map", "f1_micro")


class Scores(NamedTuple):
    """What several runners of one network reach on the same images.

    Attributes:
      measures: fractions by name, the first one decides; by the runner's name.
      images: how many were scored.
      source: where they are from.
      left_out: a line for each that could not be used.
    """

    measures: dict[str, dict[str, float]]
    images: int
    source: str
    left_out: tuple[str, ...] = ()


def run_in_tensorflow(logits: Callable[[tf.Tensor], tf.Tensor]) -> Run:
    """Returns what runs a batch of images by a function that is traced once."""
    function = tf.function(logits, autograph=False)
    return lambda images: {"logits": function(images).numpy()}


def score(
    config: ExportConfig,
    completed: TrainedNetworkConfig,
    checkpoint: str,
    predictor: Predictor,
    runs: Mapping[str, Run],
    log: Callable[[str], None],
) -> Scores:
    """Scores all on the evaluation split; on a folder's images, by the same class.

    Args:
      config: all settings.
      completed: with what follows from the checkpoint.
      checkpoint: its path.
      predictor: which prepares the images.
      runs: by name, what runs a batch of images; in a folder the first one says what
        the class of an image is.
      log: gets the lines that tell what is scored.

    Raises:
      InputError: the images are at fault.
    """
    if asks_for_folder(config):
        return _score_folder(config, completed, predictor, runs)
    settings = EvalConfig(
        trained=config.trained,
        reading=ReadingConfig(max_pixels=config.max_pixels),
        inference=InferenceConfig(batch_size=_BATCH_SIZE),
    )
    strategy = tf.distribute.get_strategy()
    setup = evaluation_setup.set_up(
        settings, strategy, checkpoint, log, predictor=predictor
    )
    setup = setup._replace(most=config.num_images)
    measures: dict[str, dict[str, float]] = {}
    left_out: dict[int, str] = {}
    for name, run in runs.items():
        summary, left_out = score_split(setup, run, None)
        found = summary.list_scalars()
        measures[name] = {key: found[key] for key in _MEASURES if key in found}
    dataset = setup.dataset
    source = f"{dataset.name}, {dataset.split}"
    lines = (*dataset.left_out, *left_out.values())
    return Scores(measures, setup.num_examples, source, lines)


def asks_for_folder(config: ExportConfig) -> bool:
    """Whether the images of a folder are to be scored, not those of a dataset."""
    return config.images is not None and config.trained.dataset_dir is None


def _score_folder(
    config: ExportConfig,
    completed: TrainedNetworkConfig,
    predictor: Predictor,
    runs: Mapping[str, Run],
) -> Scores:
    """Counts the images that each gives the class that the first one does."""
    folder = Path(str(config.images))
    paths, left_out = sound_images.find(folder, config.max_pixels, config.num_images)
    batches = pipeline.image_batches(
        paths,
        predictor.preprocess,
        _BATCH_SIZE,
        decoding=make_decoding(completed, predictor.model.channels, config.max_pixels),
    )
    same = dict.fromkeys(runs, 0)
    for batch in batches:
        found = {name: run(batch["image"])["logits"] for name, run in runs.items()}
        expected = next(iter(found.values())).argmax(axis=1)
        for name, logits in found.items():
            agrees = logits.argmax(axis=1) == expected
            agrees &= np.isfinite(logits).all(axis=1) & (batch["mask"].numpy() > 0)
            same[name] += int(agrees.sum())
    measures = {name: {SAME_CLASS: count / len(paths)} for name, count in same.items()}
    source = errors.printable(str(folder))
    return Scores(measures, len(paths), source, tuple(left_out))
