"""The input of training: batches of prepared images, distributed over the replicas."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from slimnets import errors
from slimnets.config.train import TrainConfig
from slimnets.datasets import failures, left_out, pipeline
from slimnets.datasets.batching import Division
from slimnets.datasets.decoding import Decoding
from slimnets.datasets.in_flight import BadRecords, InFlight
from slimnets.datasets.record_order import Order
from slimnets.datasets.registry import Dataset
from slimnets.datasets.sampling import Sampling
from slimnets.model import Model
from slimnets.preprocessing import registry as preprocessing
from slimnets.preprocessing.augmentation import Augmentation
from slimnets.preprocessing.mixing import Mixing

# With --on_bad_record=skip: how often the records that failed are counted.
_BATCHES_TO_A_CHECK = 100


class TrainingBatches(Iterator[Any]):
    """Distributed batches of images and labels, without end."""

    def __init__(
        self,
        strategy: tf.distribute.Strategy,
        config: TrainConfig,
        dataset: Dataset,
        model: Model,
        first_step: int,
        drawn: Sampling | None = None,
    ):
        """Makes the pipeline.

        Args:
          strategy: over whose replicas a batch is divided.
          config: all settings.
          dataset: the split to train on.
          model: whose image size and channels are used.
          first_step: at which the run starts or resumes. With a seed it goes on with
            the images behind those that the steps before have had.
          drawn: how often each image is drawn in an epoch; None: once.

        Raises:
          InputError: a batch cannot be divided evenly, or settings contradict each
            other.
        """
        _check(strategy, config)
        self._config, self._dataset, self._model = config, dataset, model
        self._first_step, self._count = first_step, 0
        self._drawn = drawn
        self._in_flight = InFlight(
            dataset,
            failures.list_labels(dataset, config.data.labels_offset),
            config.reading.max_pixels,
        )
        self._batches = iter(
            strategy.distribute_datasets_from_function(self._make_dataset)
        )

    def __next__(self) -> Any:
        """Returns the next batch.

        Raises:
          InputError: a record or file is broken, or too many are.
        """
        try:
            batch = next(self._batches)
        except StopIteration:
            lines = self.list_left_out()
            raise errors.InputError(
                f"no image of a whole epoch can be read, such as {lines[0]}"
            ) from None
        except failures.FAILURES as error:
            raise self._explain(error) from error
        self._count += 1
        if self._config.reading.skips and self._count % _BATCHES_TO_A_CHECK == 0:
            self.list_left_out()
        return batch

    def list_left_out(self) -> tuple[str, ...]:
        """Returns a line for each bad record that was left out.

        Raises:
          InputError: they are more than --max_bad_records.
        """
        reading = self._config.reading
        if not reading.skips:
            return ()
        lines = self._in_flight.find_faults()
        if lines:
            left_out.require_few(len(lines), lines[0], reading.max_bad_records)
        return tuple(lines)

    def _explain(self, error: Exception) -> errors.InputError:
        """Returns the error that names the record at which TensorFlow raised one."""
        if isinstance(error, tf.errors.ResourceExhaustedError):
            return errors.describe_exhaustion(error)
        faults = self._in_flight.find_faults()
        if faults:
            return errors.InputError(faults[0])
        data, reading = self._config.data, self._config.reading
        return failures.describe(
            error, self._dataset, data.labels_offset, max_pixels=reading.max_pixels
        )

    def _make_dataset(self, context: tf.distribute.InputContext) -> tf.data.Dataset:
        """Makes the pipeline of one worker."""
        config, data = self._config, self._config.data
        replicas = context.num_replicas_in_sync // context.num_input_pipelines
        return pipeline.train_batches(
            self._dataset,
            self._make_preprocess(),
            context.get_per_replica_batch_size(data.known_batch_size),
            order=self._make_order(context),
            decoding=Decoding(
                self._model.channels, data.upright, config.reading.max_pixels
            ),
            labels_offset=data.labels_offset,
            bad_records=self._make_bad_records(),
            mix=self._make_mix(),
            division=Division(config.run.steps_per_call, replicas),
            service=data.data_service,
            num_parallel_calls=data.num_preprocessing_threads or tf.data.AUTOTUNE,
        )

    def _make_preprocess(self) -> pipeline.Preprocess:
        data, size = self._config.data, self._model.image_size
        recipe = preprocessing.get_preprocessing(
            data.preprocessing_name or self._config.network,
            True,
            data.use_grayscale,
            Augmentation(self._config.augmentation),
        )
        return lambda image: recipe(image, size, size)

    def _make_order(self, context: tf.distribute.InputContext) -> Order:
        data = self._config.data
        return Order(
            seed=self._config.run.seed,
            taken=self._first_step * data.known_batch_size,
            shard=(context.input_pipeline_id, context.num_input_pipelines),
            drawn=self._drawn,
            num_readers=data.num_readers,
            cache=data.cache,
        )

    def _make_bad_records(self) -> BadRecords:
        reading = self._config.reading
        # Another process's pipeline cannot note here what it prepares.
        in_flight = None if self._config.data.data_service else self._in_flight
        return BadRecords(in_flight, reading.max_bad_records if reading.skips else None)

    def _make_mix(self) -> Mixing | None:
        augmentation = self._config.augmentation
        if not augmentation.mixes:
            return None
        num_classes = self._dataset.num_classes - self._config.data.labels_offset
        return Mixing(augmentation, num_classes)


def _check(strategy: tf.distribute.Strategy, config: TrainConfig) -> None:
    batch_size = config.data.known_batch_size
    if batch_size % strategy.num_replicas_in_sync:
        raise errors.InputError(
            f"--batch_size={batch_size} cannot be divided among"
            f" {strategy.num_replicas_in_sync} replicas; give a multiple of that"
        )
    if config.reading.skips and config.data.data_service:
        raise errors.InputError(
            "--on_bad_record=skip cannot tell which records --data_service leaves out;"
            " give one of them"
        )
