"""What a run works with: devices and data, as its settings name them."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from slimnets import errors
from slimnets.config.train import TrainConfig
from slimnets.datasets import sources
from slimnets.datasets.registry import Dataset
from slimnets.distribution import strategies
from slimnets.training import microbatches


class Resources(NamedTuple):
    """Devices and data.

    Attributes:
      strategy: over the devices.
      dataset: the split to train on.
      num_classes: of the network's logits.
    """

    strategy: tf.distribute.Strategy
    dataset: Dataset
    num_classes: int


def find_resources(
    config: TrainConfig,
    log: Callable[[str], None] = print,
    own: Dataset | None = None,
) -> Resources:
    """Finds devices and data; call it before TensorFlow has used its devices.

    Args:
      config: all settings.
      log: gets the lines that tell how photos became a dataset.
      own: the dataset, where the settings do not name it.

    Raises:
      InputError: there are not as many devices, a batch cannot be divided as it is to
        be, there is no such dataset, or the loss does not suit its labels.
    """
    data = config.data
    strategy = strategies.get_strategy(config.devices)
    microbatches.check(config, strategy.num_replicas_in_sync)
    dataset = own or find_dataset(config, log)
    if dataset.multi_label and not config.losses.loss.startswith("sigmoid"):
        raise errors.InputError(
            f"the images of {dataset.name} have any number of labels each: give"
            " --loss=sigmoid or --loss=sigmoid_focal"
        )
    return Resources(strategy, dataset, dataset.num_classes - data.labels_offset)


def find_dataset(config: TrainConfig, log: Callable[[str], None]) -> Dataset:
    """Finds the split to train on; photos become TFRecords for that, once.

    Raises:
      InputError: there is none.
    """
    data = config.data
    reading = sources.PhotoReading(data.upright, config.reading.max_pixels)
    source = sources.prepare(data.dataset_dir, log, reading)
    return source.get_dataset(
        data.dataset_split_name, data.dataset_name, skips=config.reading.skips
    )
