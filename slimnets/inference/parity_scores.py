"""The accuracy of a checkpoint and of a file made of it, on the same images."""

from collections.abc import Callable
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
from slimnets.datasets.decoding import Decoding
from slimnets.export.runtimes import Run
from slimnets.inference import evaluator, sound_images
from slimnets.inference.predictor import Predictor
from slimnets.inference.scoring import score_split

SAME_CLASS = "same_class"  # the measure where nobody labelled the images

_BATCH_SIZE = 50
_MEASURES = ("top1", "top5", "map", "f1_micro")


class Pair(NamedTuple):
    """The measures of both, as fractions by name, the first one decides.

    Attributes:
      checkpoint: of the network itself.
      file: of the file.
      images: how many were scored.
      source: where they are from.
      left_out: a line for each that could not be used.
    """

    checkpoint: dict[str, float]
    file: dict[str, float]
    images: int
    source: str
    left_out: tuple[str, ...] = ()


def score(
    config: ExportConfig,
    completed: TrainedNetworkConfig,
    checkpoint: str,
    predictor: Predictor,
    run_file: Run,
    log: Callable[[str], None],
) -> Pair:
    """Scores both on the evaluation split; on a folder's images, by the same class.

    Args:
      config: all settings.
      completed: with what follows from the checkpoint.
      checkpoint: its path.
      predictor: with its weights.
      run_file: runs a batch by the file.
      log: gets the lines that tell what is scored.

    Raises:
      InputError: the images are at fault.
    """
    if asks_for_folder(config):
        return _score_folder(config, completed, predictor, run_file)
    settings = EvalConfig(
        trained=config.trained,
        reading=ReadingConfig(max_pixels=config.max_pixels),
        inference=InferenceConfig(batch_size=_BATCH_SIZE),
    )
    strategy = tf.distribute.get_strategy()
    setup = evaluator.set_up(settings, strategy, checkpoint, log, predictor=predictor)
    setup = setup._replace(most=config.num_images)
    own = predictor.prepare(setup.logits, setup.batch_size)
    scalars = []
    for run in (own, run_file):
        summary, left_out = score_split(setup, run, None)
        scalars.append(summary.list_scalars())
    before, after = (
        {name: found[name] for name in _MEASURES if name in found} for found in scalars
    )
    dataset = setup.dataset
    source = f"{dataset.name}, {dataset.split}"
    lines = (*dataset.left_out, *left_out.values())
    return Pair(before, after, setup.num_examples, source, lines)


def asks_for_folder(config: ExportConfig) -> bool:
    """Whether the images of a folder are to be scored, not those of a dataset."""
    return config.images is not None and config.trained.dataset_dir is None


def _score_folder(
    config: ExportConfig,
    completed: TrainedNetworkConfig,
    predictor: Predictor,
    run_file: Run,
) -> Pair:
    """Counts the images of which both say the same class."""
    folder = Path(str(config.images))
    paths, left_out = sound_images.find(folder, config.max_pixels, config.num_images)
    batches = pipeline.image_batches(
        paths,
        predictor.preprocess,
        _BATCH_SIZE,
        decoding=Decoding(
            predictor.model.channels,
            completed.upright is not False,
            config.max_pixels,
        ),
    )
    network = tf.function(lambda images: predictor.network(images)[0], autograph=False)
    same = 0
    for batch in batches:
        expected = network(batch["image"]).numpy()
        found = run_file(batch["image"])["logits"]
        agrees = found.argmax(axis=1) == expected.argmax(axis=1)
        agrees &= np.isfinite(found).all(axis=1) & (batch["mask"].numpy() > 0)
        same += int(agrees.sum())
    after = {SAME_CLASS: same / len(paths)}
    source = errors.printable(str(folder))
    return Pair({SAME_CLASS: 1.0}, after, len(paths), source, tuple(left_out))
