"""TensorFlow's strategy for TPUs, or the line that says why there is none."""

import tensorflow as tf

from slimnets import errors

# What TensorFlow ends with where no TPU answers; URLError, of a name that nobody knows,
# is an OSError.
_ABSENT = (OSError, RuntimeError, ValueError, tf.errors.OpError)


def make_strategy(name: str) -> tf.distribute.Strategy:
    """Returns the strategy for the TPU of a name, after starting it.

    This process drives all of its cores, also where they are another machine's.

    Args:
      name: 'local' for the TPU of this machine; else its name in Google Cloud, or
        grpc://host:port. '' is 'local'.

    Raises:
      InputError: there is no such TPU, or it does not start.
    """
    name = name or "local"
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        if name != "local":
            tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    except _ABSENT as error:
        raise errors.InputError(
            f"--strategy=tpu: no TPU is found by --tpu={name} ({_say_why(error)});"
            " name one by --tpu, or give --strategy=mirrored for CPUs and GPUs"
        ) from error


def is_on_tpu(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether a strategy's replicas are cores of a TPU."""
    return isinstance(strategy, tf.distribute.TPUStrategy)


def _say_why(error: Exception) -> str:
    """Returns an error's first sentence."""
    return errors.printable(errors.summarize(error)).partition(". ")[0]
