"""The input of training: batches of prepared images, distributed over the replicas."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from slimnets import errors
from slimnets.config.train import TrainConfig
from slimnets.datasets import pipeline
from slimnets.datasets.registry import Dataset
from slimnets.model import Model
from slimnets.preprocessing import registry as preprocessing


def distribute_batches(
    strategy: tf.distribute.Strategy,
    config: TrainConfig,
    dataset: Dataset,
    model: Model,
    first_step: int,
) -> Iterator[Any]:
    """Yields distributed batches of images and labels, without end.

    Args:
      strategy: over whose replicas a batch is divided.
      config: all settings.
      dataset: the split to train on.
      model: whose image size and channels are used.
      first_step: at which the run starts or resumes. With a seed it goes on with the
        images behind those that the steps before have had.

    Raises:
      InputError: a batch cannot be divided evenly, or a record or file is broken.
    """
    data, batch_size = config.data, config.data.known_batch_size
    if batch_size % strategy.num_replicas_in_sync:
        raise errors.InputError(
            f"--batch_size={batch_size} cannot be divided among"
            f" {strategy.num_replicas_in_sync} replicas; give a multiple of that"
        )
    recipe = preprocessing.get_preprocessing(
        data.preprocessing_name or config.model, True, data.use_grayscale
    )
    size = model.image_size

    def make_dataset(context: tf.distribute.InputContext) -> tf.data.Dataset:
        share = context.get_per_replica_batch_size(batch_size)
        replicas = context.num_replicas_in_sync // context.num_input_pipelines
        return pipeline.train_batches(
            dataset,
            lambda image: recipe(image, size, size),
            share,
            seed=config.run.seed,
            taken=first_step * share * replicas,
            shard=(context.input_pipeline_id, context.num_input_pipelines),
            num_readers=data.num_readers,
            num_parallel_calls=data.num_preprocessing_threads or tf.data.AUTOTUNE,
            channels=model.channels,
            upright=data.upright,
            max_pixels=config.reading.max_pixels,
            labels_offset=data.labels_offset,
            cache=data.cache,
            service=data.data_service,
            steps=config.run.steps_per_call,
            replicas=replicas,
        )

    batches = iter(strategy.distribute_datasets_from_function(make_dataset))
    while True:
        try:
            yield next(batches)
        except tf.errors.OpError as error:
            raise pipeline.describe_failure(
                error,
                dataset,
                data.labels_offset,
                max_pixels=config.reading.max_pixels,
            ) from error
