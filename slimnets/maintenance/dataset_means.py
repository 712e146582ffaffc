"""Means of what a checkpoint's network computes, over the batches of a dataset."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.config.checkpoint_files import StatisticsConfig
from slimnets.config.inference import TrainedNetworkConfig
from slimnets.datasets import failures, pipeline, sources
from slimnets.datasets.decoding import Decoding
from slimnets.datasets.record_order import Order
from slimnets.datasets.registry import Dataset
from slimnets.inference.defaults import complete_config
from slimnets.maintenance.sources import Source
from slimnets.model import Model
from slimnets.monitoring.progress import image_bar
from slimnets.preprocessing import registry as preprocessing

_SEED = 0  # of the order of the images


class Subject(NamedTuple):
    """A network and the images that it is given.

    Attributes:
      model: with the weights.
      dataset: where the images are from.
      trained: how they are prepared.
      batch_size: how many go through it at once.
      batches: how often.
    """

    model: Model
    dataset: Dataset
    trained: TrainedNetworkConfig
    batch_size: int
    batches: int

    @property
    def num_images(self) -> int:
        """How many images go through it."""
        return self.batch_size * self.batches


def prepare(
    source: Source,
    values: Mapping[str, np.ndarray],
    config: StatisticsConfig,
    is_training: bool,
    log: Callable[[str], None],
) -> Subject:
    """Builds the network, and finds the images.

    Args:
      source: a checkpoint of the network, which tells what it is.
      values: the weights by variable name.
      config: the images.
      is_training: whether it is built as training does, with auxiliary heads.
      log: gets the lines that tell of the images.

    Raises:
      InputError: the network is not known or has other variables, or no images are
        named or found.
    """
    if config.dataset_dir is None and source.settings is None:
        raise errors.InputError(
            f"no settings.json beside {source.path} says what it was trained on; name"
            " images with --dataset_dir"
        )
    trained = TrainedNetworkConfig(
        checkpoint_path=source.path,
        model=source.model,
        image_size=config.image_size,
        dataset_dir=config.dataset_dir,
        dataset_name=config.dataset_name,
        dataset_split_name=config.dataset_split_name,
    )
    trained = complete_config(trained, source.path)
    model = _build(trained, source, values, is_training)
    reading = sources.PhotoReading(trained.upright is not False)
    found = sources.prepare(trained.dataset_dir, log, reading)
    dataset = found.get_dataset(config.dataset_split_name, trained.dataset_name)
    num_images = min(config.num_images or dataset.num_examples, dataset.num_examples)
    batch_size = min(config.batch_size, num_images)
    return Subject(model, dataset, trained, batch_size, num_images // batch_size)


def _build(
    trained: TrainedNetworkConfig,
    source: Source,
    values: Mapping[str, np.ndarray],
    is_training: bool,
) -> Model:
    """Builds the network with the weights."""
    network = trained.require_model()
    model = Model(
        network,
        checkpoints.read_num_classes(source.path, network),
        is_training=is_training,
        image_size=trained.image_size,
        channels=1 if trained.use_grayscale else None,
    )
    shapes = {n: v.shape.as_list() for n, v in model.variables_by_name.items()}
    found = {n: list(values[n].shape) for n in shapes if n in values}
    lacking = [name for name in shapes if name not in values]
    checkpoints.require_match(shapes, found, source.path, lacking, values)
    for name, variable in model.variables_by_name.items():
        variable.assign(values[name])
    return model


def average(
    subject: Subject, run: Callable[[tf.Tensor], Mapping[str, tf.Tensor]]
) -> dict[str, np.ndarray]:
    """Returns the mean over batches of each of what `run` makes of one, in float64.

    The images are prepared as for evaluation, and drawn in one fixed order.

    Args:
      subject: the network and its images.
      run: `f(images) -> {name: values}`, of the same shapes each time.

    Raises:
      InputError: an image cannot be read, or a mean is not finite.
    """
    sums: dict[str, np.ndarray] = {}
    try:
        with image_bar(subject.num_images, leave=False) as bar:
            for images, _ in _read(subject).take(subject.batches):
                for name, value in run(images).items():
                    wide = value.numpy().astype(np.float64)
                    sums[name] = sums.get(name, 0.0) + wide
                bar.update(subject.batch_size)
    except failures.FAILURES as error:
        raise failures.describe(error, subject.dataset, 0) from error
    means = {name: value / subject.batches for name, value in sums.items()}
    faulty = checkpoints.list_not_finite(means)
    if faulty:
        raise errors.InputError(
            "the weights give batch norm statistics that are not finite:"
            f" {checkpoints.describe_not_finite(faulty)}"
        )
    return means


def _read(subject: Subject) -> tf.data.Dataset:
    """Returns shuffled batches: those of one class would have its statistics."""
    model, trained = subject.model, subject.trained
    size = model.image_size
    recipe = preprocessing.get_preprocessing(
        preprocessing.add_resizing(
            trained.preprocessing_name or trained.require_model(), trained.resizing
        ),
        False,
        bool(trained.use_grayscale),
    )
    return pipeline.train_batches(
        subject.dataset,
        lambda image: recipe(image, size, size),
        subject.batch_size,
        order=Order(seed=_SEED),
        decoding=Decoding(model.channels, trained.upright is not False),
    )
