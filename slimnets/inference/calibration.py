"""The images on which quantization finds the ranges of activations."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.config.inference import ExportConfig, TrainedNetworkConfig
from slimnets.datasets import failures, pipeline
from slimnets.datasets.registry import Dataset
from slimnets.inference import sound_images
from slimnets.inference.defaults import find_dataset, make_decoding
from slimnets.inference.predictor import Predictor

_SPLIT = "train"
_BATCH_SIZE = 32

# Of shards so many images are read for each one that is taken, not all of a large set.
_READ_FOR_EACH = 20


class Calibration(NamedTuple):
    """Images to calibrate on.

    Attributes:
      images: float32 [images, height, width, channels], prepared as for evaluation.
      left_out: a line for each file of a folder that is broken.
    """

    images: np.ndarray
    left_out: tuple[str, ...] = ()


def read(
    config: ExportConfig,
    completed: TrainedNetworkConfig,
    predictor: Predictor,
    log: Callable[[str], None],
) -> Calibration:
    """Reads a sample, by the seed, of a folder's images or of the training split.

    Raises:
      InputError: there are none, or a record is broken.
    """
    if config.images is not None:
        return _read_folder(config, completed, predictor, log)
    training = dataclasses.replace(completed, dataset_split_name=_SPLIT)
    try:
        dataset = find_dataset(training, log, max_pixels=config.max_pixels)
    except errors.InputError as error:
        raise errors.InputError(
            f"no training images to calibrate on: {error}; or give a folder of photos"
            " with --images"
        ) from error
    dataset = _take_shards(dataset, config)
    every = max(dataset.num_examples // config.post_training.calibration_images, 1)
    first = int(_make_random(config).integers(every))
    try:
        batches = pipeline.eval_batches(
            dataset,
            predictor.preprocess,
            _BATCH_SIZE,
            shard=(first, every),
            decoding=make_decoding(
                completed, predictor.model.channels, config.max_pixels
            ),
        )
        images = _collect(batches, config)
    except failures.FAILURES as error:
        raise failures.describe(error, dataset, max_pixels=config.max_pixels) from error
    log(f"calibrates on {len(images)} images of {dataset.name}, {dataset.split}")
    return Calibration(images, dataset.left_out)


def _make_random(config: ExportConfig) -> np.random.Generator:
    return np.random.default_rng(config.post_training.calibration_seed)


def _take_shards(dataset: Dataset, config: ExportConfig) -> Dataset:
    """Returns some of a dataset's files, by the seed: all of a small one's."""
    wanted = config.post_training.calibration_images * _READ_FOR_EACH
    taken: list[int] = []
    for place in _make_random(config).permutation(len(dataset.files)):
        if sum(dataset.counts[k] for k in taken) < wanted:
            taken.append(int(place))
    taken.sort()
    return dataclasses.replace(
        dataset,
        files=tuple(dataset.files[k] for k in taken),
        counts=tuple(dataset.counts[k] for k in taken),
    )


def _read_folder(
    config: ExportConfig,
    completed: TrainedNetworkConfig,
    predictor: Predictor,
    log: Callable[[str], None],
) -> Calibration:
    """Reads a sample of a folder's sound images."""
    settings = config.post_training
    paths, left_out = sound_images.find(
        Path(str(config.images)),
        config.max_pixels,
        settings.calibration_images,
        settings.calibration_seed,
    )
    batches = pipeline.image_batches(
        paths,
        predictor.preprocess,
        _BATCH_SIZE,
        decoding=make_decoding(completed, predictor.model.channels, config.max_pixels),
    )
    try:
        images = _collect(batches, config)
    except failures.FAILURES as error:
        raise failures.describe_of_images(error, paths, config.max_pixels) from error
    log(f"calibrates on {len(images)} images of {config.images}")
    return Calibration(images, tuple(left_out))


def _collect(batches: tf.data.Dataset, config: ExportConfig) -> np.ndarray:
    """Returns as many images as are wanted, in their order, without what fills up."""
    images = np.concatenate(
        [batch["image"].numpy()[batch["mask"].numpy() > 0] for batch in batches]
    )
    most = min(config.post_training.calibration_images, len(images))
    chosen = _make_random(config).choice(len(images), most, replace=False)
    return images[np.sort(chosen)]
