"""Batch norm's statistics of given weights, taken over a dataset.

Averaged weights have other activations than the weights they are the mean of, so that
the mean of the statistics is wrong (section 3.2 of arXiv:1803.05407).
"""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.config.checkpoint_files import StatisticsConfig
from slimnets.layers.computation import computing
from slimnets.maintenance import dataset_means
from slimnets.maintenance.sources import Source
from slimnets.model import Model

_SUFFIXES = ("/moving_mean", "/moving_variance")


def is_statistic(name: str) -> bool:
    """Returns whether a variable is one of batch norm's statistics."""
    return name.endswith(_SUFFIXES)


def estimate(
    source: Source,
    values: Mapping[str, np.ndarray],
    config: StatisticsConfig,
    log: Callable[[str], None],
) -> dict[str, np.ndarray]:
    """Returns the mean over an epoch's batches of batch norm's mean and variance.

    Args:
      source: a checkpoint of the network, which tells what it is.
      values: the weights by variable name.
      config: the images.
      log: gets the lines that tell of the images.

    Returns:
      The statistics by variable name.

    Raises:
      InputError: the network is not known, has no batch norm or other variables, or
        the images are at fault.
    """
    subject = dataset_means.prepare(source, values, config, True, log)
    model = subject.model
    statistics = [name for name in model.variables_by_name if is_statistic(name)]
    if not statistics:
        raise errors.InputError(
            f"{subject.trained.model} has no batch norm; leave --update_batch_norm out"
        )
    means = dataset_means.average(subject, _make_step(model, statistics))
    log(
        f"batch norm: {len(statistics)} statistics from {subject.num_images} images"
        f" of {subject.dataset.name} {subject.dataset.split}"
    )
    return {name: means[name].astype(values[name].dtype) for name in statistics}


def _make_step(
    model: Model, statistics: list[str]
) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Returns a function from images to the statistics of these alone."""
    # Of a decay of 0 the moving averages are the batch's own moments.
    way = dataclasses.replace(
        model.choose_computation(is_training=True), batch_norm_decay_limit=0.0
    )

    @tf.function(autograph=False)
    def run(images: tf.Tensor) -> dict[str, tf.Tensor]:
        with computing(way):
            model(images, is_training=True)
        return {n: model.variables_by_name[n].read_value() for n in statistics}

    return run
