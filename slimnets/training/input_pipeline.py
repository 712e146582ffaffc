"""The input pipeline of training, as its settings want it."""

import tensorflow as tf

from slimnets import errors
from slimnets.config.train import TrainConfig
from slimnets.datasets import failures, pipeline
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


class InputPipeline:
    """What makes each worker's batches of prepared images and labels, without end."""

    def __init__(
        self,
        config: TrainConfig,
        dataset: Dataset,
        model: Model,
        first_step: int = 0,
        drawn: Sampling | None = None,
        in_flight: InFlight | None = None,
    ):
        """Makes nothing yet.

        Args:
          config: all settings.
          dataset: the split to train on.
          model: whose image size and channels are used.
          first_step: behind whose images a seed lets go on.
          drawn: how often each image is drawn in an epoch; None: once.
          in_flight: notes the records that are being prepared; None: nobody does.
        """
        self._config, self._dataset, self._model = config, dataset, model
        self._first_step, self._drawn = first_step, drawn
        self._in_flight = in_flight

    def make(self, context: tf.distribute.InputContext) -> tf.data.Dataset:
        """Returns the batches of one worker, as `pipeline.train_batches` does.

        Args:
          context: which worker of how many, and for how many replicas.
        """
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
        return BadRecords(
            self._in_flight, reading.max_bad_records if reading.skips else None
        )

    def _make_mix(self) -> Mixing | None:
        augmentation = self._config.augmentation
        if not augmentation.mixes:
            return None
        num_classes = self._dataset.num_classes - self._config.data.labels_offset
        return Mixing(augmentation, num_classes)


def explain(
    error: Exception, config: TrainConfig, dataset: Dataset
) -> errors.InputError:
    """Returns the error that names the record at which TensorFlow raised one.

    All are looked through, since nobody noted those that were being prepared.
    """
    return failures.describe(
        error,
        dataset,
        config.data.labels_offset,
        max_pixels=config.reading.max_pixels,
    )
