"""A contact sheet of what a network gets to see in training, with its labels."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.config import dataclass_flags
from slimnets.config.preview import PreviewConfig
from slimnets.config.train import TrainConfig
from slimnets.model import Model
from slimnets.preprocessing import display
from slimnets.preprocessing import registry as preprocessing
from slimnets.report import contact_sheet
from slimnets.training.batches import TrainingBatches
from slimnets.training.class_draws import find_sampling
from slimnets.training.resources import find_resources
from slimnets.training.start import adopt_settings, find_start

_BATCH_SIZE = 32  # where training would look for one
_LEAST_SHARE = 0.005  # of a label that is named


def draw(config: PreviewConfig, log: Callable[[str], None] = print) -> Path:
    """Writes the first images of a training, augmented and mixed, as a PNG.

    Args:
      config: all settings; of training's, those of data and augmentation count.
      log: gets the lines that tell how photos became a dataset.

    Returns:
      The file.

    Raises:
      InputError: a setting or an input is at fault, or the library that draws is not
        installed; nothing is written.
    """
    dataclass_flags.check(config)
    contact_sheet.require()
    if not config.train.model:
        raise errors.InputError(
            "no network named; give --model, whose images these are to be"
        )
    training = _adapt(config.train, log)
    images, labels, names = _collect(training, config.num_images, log)
    pictures = _to_bytes(training, images)
    captions = [describe_label(label, names) for label in labels]
    path = Path(config.output)
    sheet = contact_sheet.draw(list(pictures), captions, config.columns)
    try:
        atomic_files.write_bytes(path, sheet)
    except OSError as error:
        raise errors.InputError(
            f"cannot write --output={path}: {error.strerror}"
        ) from error
    return path


def describe_label(label: np.ndarray, names: Sequence[str]) -> str:
    """Returns the name of a label, or of several with their shares.

    Args:
      label: int64 [], or float32 [classes].
      names: by class of the network.
    """
    if label.dtype.kind != "f":
        return names[int(label)]
    order = [place for place in np.argsort(-label) if label[place] > _LEAST_SHARE]
    if all(label[place] >= 1 - _LEAST_SHARE for place in order):
        return ", ".join(names[place] for place in order)
    return ", ".join(f"{names[place]} {label[place]:.2f}" for place in order)


def _adapt(config: TrainConfig, log: Callable[[str], None]) -> TrainConfig:
    """Returns training's settings with what it would find out, one step at a time."""
    if config.fine_tuning.checkpoint_path:
        config = adopt_settings(config, find_start(config, log), log)
    size = config.data.batch_size
    data = dataclasses.replace(
        config.data, batch_size=_BATCH_SIZE if size == "auto" else size
    )
    run = dataclasses.replace(config.run, steps_per_call=1)
    return dataclasses.replace(config, data=data, run=run)


def _collect(
    config: TrainConfig, count: int, log: Callable[[str], None]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Returns images and labels of the first replica, and the names of the classes."""
    strategy, dataset, num_classes = find_resources(config, log)
    if config.run.seed is not None:
        tf.random.set_seed(config.run.seed)
    model = Model(
        config.network,
        num_classes,
        is_training=True,
        image_size=config.data.image_size,
        channels=1 if config.data.use_grayscale else None,
    )
    drawn = find_sampling(config, dataset, log)
    batches = TrainingBatches(strategy, config, dataset, model, 0, drawn)
    images: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    while len(images) < count:
        parts = [strategy.experimental_local_results(part)[0] for part in next(batches)]
        images += list(parts[0].numpy())
        labels += list(parts[1].numpy())
    offset = config.data.labels_offset
    background = ["background"] * max(-offset, 0)
    names = background + list(dataset.class_names[max(offset, 0) :])
    return np.stack(images[:count]), np.stack(labels[:count]), names


def _to_bytes(config: TrainConfig, images: np.ndarray) -> np.ndarray:
    """Returns uint8 images, from which the recipe's scaling is taken back."""
    data, (_, height, width, channels) = config.data, images.shape
    prepare = preprocessing.get_preprocessing(
        data.preprocessing_name or config.network, False, data.use_grayscale
    )
    return display.make_display(lambda image: prepare(image, height, width), channels)(
        images
    )
