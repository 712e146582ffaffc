"""Batch norm's statistics of given weights, taken over a dataset.

Averaged weights have other activations than the weights they are the mean of, so that
the mean of the statistics is wrong (section 3.2 of arXiv:1803.05407).
"""

import dataclasses
from collections.abc import Callable, Mapping

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
from slimnets.layers.computation import computing
from slimnets.maintenance.sources import Source
from slimnets.model import Model
from slimnets.monitoring.progress import image_bar
from slimnets.preprocessing import registry as preprocessing

_SUFFIXES = ("/moving_mean", "/moving_variance")
_SEED = 0  # of the order of the images


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

    The images are prepared as for evaluation, and drawn in one fixed order.

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
    trained = TrainedNetworkConfig(
        checkpoint_path=source.path,
        model=source.model,
        dataset_dir=config.dataset_dir,
        dataset_name=config.dataset_name,
        dataset_split_name=config.dataset_split_name,
    )
    trained = complete_config(trained, source.path)
    model = _build(trained, source, values)
    statistics = [name for name in model.variables_by_name if is_statistic(name)]
    if not statistics:
        raise errors.InputError(
            f"{trained.model} has no batch norm; leave --update_batch_norm out"
        )
    decoding = sources.Decoding(trained.upright is not False)
    found = sources.prepare(trained.dataset_dir, log, decoding)
    dataset = found.get_dataset(config.dataset_split_name, trained.dataset_name)
    means = _average_over(model, statistics, dataset, trained, config.batch_size)
    log(
        f"batch norm: {len(statistics)} statistics from {dataset.num_examples} images"
        f" of {dataset.name} {dataset.split}"
    )
    return {name: means[name].astype(values[name].dtype) for name in statistics}


def _build(
    trained: TrainedNetworkConfig, source: Source, values: Mapping[str, np.ndarray]
) -> Model:
    """Builds the network as training does, with the weights."""
    network = trained.require_model()
    model = Model(
        network,
        checkpoints.read_num_classes(source.path, network),
        is_training=True,
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


def _average_over(
    model: Model,
    statistics: list[str],
    dataset: Dataset,
    trained: TrainedNetworkConfig,
    batch_size: int,
) -> dict[str, np.ndarray]:
    """Returns the mean over batches of each statistic, in float64."""
    batch_size = min(batch_size, dataset.num_examples)
    count = dataset.num_examples // batch_size
    run = _make_step(model, statistics)
    sums = {name: np.zeros([]) for name in statistics}
    try:
        with image_bar(count * batch_size, leave=False) as bar:
            for images, _ in _read(model, dataset, trained, batch_size).take(count):
                for name, value in run(images).items():
                    sums[name] = sums[name] + value.numpy().astype(np.float64)
                bar.update(batch_size)
    except failures.FAILURES as error:
        raise failures.describe(error, dataset, 0) from error
    means = {name: value / count for name, value in sums.items()}
    faulty = checkpoints.list_not_finite(means)
    if faulty:
        raise errors.InputError(
            f"the mean of the weights gives batch norm statistics that are not finite:"
            f" {checkpoints.describe_not_finite(faulty)}"
        )
    return means


def _read(
    model: Model,
    dataset: Dataset,
    trained: TrainedNetworkConfig,
    batch_size: int,
) -> tf.data.Dataset:
    """Returns shuffled batches: those of one class would have its statistics."""
    size = model.image_size
    recipe = preprocessing.get_preprocessing(
        preprocessing.add_resizing(
            trained.preprocessing_name or trained.require_model(), trained.resizing
        ),
        False,
        bool(trained.use_grayscale),
    )
    return pipeline.train_batches(
        dataset,
        lambda image: recipe(image, size, size),
        batch_size,
        order=Order(seed=_SEED),
        decoding=Decoding(model.channels, trained.upright is not False),
    )


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
