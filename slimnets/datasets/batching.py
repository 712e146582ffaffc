"""Examples in batches: of which size, for which steps and replicas, made where."""

import dataclasses
import socket

import tensorflow as tf

from slimnets import errors

_PATIENCE = 10.0  # seconds that a tf.data service may take to answer

_without_autograph = tf.autograph.experimental.do_not_convert


@dataclasses.dataclass(frozen=True)
class Division:
    """How batches are handed to the replicas of a worker.

    Attributes:
      steps: batches an element, for as many steps at a time.
      replicas: that take the elements in turn.
    """

    steps: int = 1
    replicas: int = 1


def stack(batches: tf.data.Dataset, division: Division) -> tf.data.Dataset:
    """Stacks batches, so that each replica gets those that it would get one by one."""
    steps, replicas = division.steps, division.replicas
    if steps == 1:
        return batches
    stacks = batches.batch(steps * replicas, drop_remainder=True)
    if replicas == 1:
        return stacks

    @_without_autograph
    def by_replica(*parts: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(
            tf.stack([part[first::replicas] for first in range(replicas)])
            for part in parts
        )

    return stacks.map(by_replica).unbatch()


def pad_to_batches(examples: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    """Batches with a static size: b - 1 fillers complete the last batch, no more."""
    filler = tf.nest.map_structure(
        lambda spec: tf.zeros(spec.shape, spec.dtype), examples.element_spec
    )
    fillers = tf.data.Dataset.from_tensors(filler).repeat(batch_size - 1)
    return examples.concatenate(fillers).batch(batch_size, drop_remainder=True)


def distribute_to_service(batches: tf.data.Dataset, service: str) -> tf.data.Dataset:
    """Lets a tf.data service make the batches.

    Args:
      batches: of any kind.
      service: address of its dispatcher, grpc://host:port.

    Raises:
      InputError: none listens there.
    """
    address = service.removeprefix("grpc://")
    host, _, port = address.rpartition(":")
    try:
        # TensorFlow itself would try again for an hour.
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except (OSError, ValueError) as error:
        raise errors.InputError(
            f"no tf.data service answers at {service}: {error}; its dispatcher's"
            " address has to look like grpc://host:5050"
        ) from error
    distribute = tf.data.experimental.service.distribute(
        tf.data.experimental.service.ShardingPolicy.OFF, f"grpc://{address}"
    )
    return batches.apply(distribute)


def finish(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Prefetches; and keeps tf.distribute from sharing out again what is shared out."""
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    return batches.prefetch(tf.data.AUTOTUNE).with_options(options)
