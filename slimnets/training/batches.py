"""The input of training: batches of prepared images, distributed over the replicas."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from slimnets import errors
from slimnets.config.train import TrainConfig
from slimnets.datasets import failures, left_out
from slimnets.datasets.in_flight import InFlight
from slimnets.datasets.registry import Dataset
from slimnets.datasets.sampling import Sampling
from slimnets.model import Model
from slimnets.training.input_pipeline import InputPipeline, explain

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
        self._config, self._dataset, self._count = config, dataset, 0
        self._in_flight = InFlight(
            dataset,
            failures.list_labels(dataset, config.data.labels_offset),
            config.reading.max_pixels,
        )
        # Another process's pipeline cannot note here what it prepares.
        in_flight = None if config.data.data_service else self._in_flight
        pipeline = InputPipeline(config, dataset, model, first_step, drawn, in_flight)
        self._batches = iter(strategy.distribute_datasets_from_function(pipeline.make))

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
        return explain(error, self._config, self._dataset)


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
