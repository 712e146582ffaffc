"""What an evaluation needs, from its settings and its first checkpoint."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimnets.config.inference import EvalConfig
from slimnets.datasets.registry import Dataset
from slimnets.distribution import strategies
from slimnets.inference import label_matching
from slimnets.inference.defaults import (
    complete_config,
    find_activation,
    find_dataset,
    find_num_classes,
)
from slimnets.inference.predictor import Predictor, load_predictor
from slimnets.inference.scoring import Setup


def set_up(
    config: EvalConfig,
    strategy: tf.distribute.Strategy,
    checkpoint: str,
    log: Callable[[str], None],
    *,
    own: Dataset | None = None,
    predictor: Predictor | None = None,
) -> Setup:
    """Builds the network and finds the dataset, from the first checkpoint.

    Args:
      config: all settings.
      strategy: over the devices that share the work.
      checkpoint: its path.
      log: gets the lines that tell what is evaluated.
      own: the dataset to score; None takes what the settings name.
      predictor: of the network, if there is one already.

    Raises:
      InputError: the checkpoint, the dataset or a setting is at fault.
    """
    completed = complete_config(config.trained, checkpoint)
    num_classes = find_num_classes(completed, checkpoint)
    dataset = own or find_dataset(
        completed,
        log,
        skips=config.reading.skips,
        max_pixels=config.reading.max_pixels,
    )
    mapped = None
    if config.class_map:
        offset = 0
        mapped = label_matching.map_classes(
            config.class_map, checkpoint, num_classes, dataset, log
        )
    else:
        dataset, offset = label_matching.match_labels(
            config.trained, completed, checkpoint, num_classes, dataset, log
        )
    num_classes = num_classes or dataset.num_classes - offset
    local = strategies.get_local_part(strategy)
    with local.scope():
        predictor = predictor or load_predictor(
            completed,
            num_classes,
            config.inference,
            log,
            config.views.test_time_augmentation,
        )
    most = predictor.count_images(config.inference.batch_size)
    batch_size = min(most, dataset.num_examples)
    replicas = local.num_replicas_in_sync
    return Setup(
        predictor,
        mapped.num_classes if mapped else num_classes,
        dataset,
        offset,
        logits=_make_logits(predictor, local, choose_activation(dataset, checkpoint)),
        batch_size=-(-batch_size // replicas) * replicas,
        upright=completed.upright is not False,
        reading=config.reading,
        strategy=strategy,
        class_map=mapped,
    )


def choose_activation(
    dataset: Dataset, checkpoint: str
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns the function from logits to the probabilities that were trained."""
    return tf.nn.sigmoid if dataset.multi_label else find_activation(checkpoint)


def _make_logits(
    predictor: Predictor,
    strategy: tf.distribute.Strategy,
    activation: Callable[[tf.Tensor], tf.Tensor],
) -> Any:
    """Returns a function of images whose replicas each take an equal share."""
    replicas = strategy.num_replicas_in_sync

    def run_share(images: tf.Tensor) -> tf.Tensor:
        place = tf.distribute.get_replica_context().replica_id_in_sync_group
        share = images.shape[0] // replicas
        return predictor.classify(images[place * share :][:share], activation)

    @tf.function(autograph=False)
    def logits(images: tf.Tensor) -> dict[str, tf.Tensor]:
        if replicas == 1:
            return {"logits": predictor.classify(images, activation)}
        parts = strategy.run(run_share, (images,))
        return {"logits": tf.concat(strategy.experimental_local_results(parts), 0)}

    return logits
