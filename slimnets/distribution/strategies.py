"""tf.distribute strategies by name; TF_CONFIG names the workers."""

import tensorflow as tf

from slimnets import errors
from slimnets.config import choices
from slimnets.config.devices import DevicesConfig
from slimnets.distribution import (
    cluster,
    parameter_servers,
    rendezvous,
    tpus,
    workers,
)


def get_strategy(config: DevicesConfig) -> tf.distribute.Strategy:
    """Returns a strategy; call it before TensorFlow has used its devices.

    Args:
      config: which devices. More than one replica on a CPU split it into that many
        logical devices.

    Raises:
      InputError: the name is unknown, there are fewer devices than clones, or TF_CONFIG
        is missing or broken, or a worker that it names did not come; there is no TPU.
    """
    if config.strategy not in choices.STRATEGIES:
        raise errors.unknown("strategy", config.strategy, choices.STRATEGIES)
    if config.strategy != "tpu" and config.tpu != DevicesConfig.tpu:
        raise errors.InputError(
            f"--tpu={config.tpu} needs --strategy=tpu; give both or neither"
        )
    if config.clone_on_cpu:
        tf.config.set_visible_devices([], "GPU")
    if config.strategy == "none":
        if config.num_clones > 1:
            raise errors.InputError(
                f"--num_clones={config.num_clones} needs --strategy=mirrored or"
                " multi_worker"
            )
        return tf.distribute.get_strategy()
    if config.strategy == "tpu":
        _refuse_clones_on_tpu(config)
        return tpus.make_strategy(config.tpu)
    if config.strategy == "mirrored":
        return _make_mirrored(_list_devices(config.num_clones))
    if config.strategy == "parameter_server":
        return parameter_servers.make_strategy()
    cluster.check(config.strategy)
    _hide_other_gpus(config.num_clones)
    partners = rendezvous.await_partners(config.rendezvous_timeout)
    with rendezvous.watch_the_start(partners):
        return tf.distribute.MultiWorkerMirroredStrategy()


def get_local_part(strategy: tf.distribute.Strategy) -> tf.distribute.Strategy:
    """Returns a strategy over those of its devices that are this process's.

    A TPU's part is the default strategy: what runs there is left to the CPU. So is that
    of a chief with servers of parameters: what it does itself, it does alone.
    """
    if tpus.is_on_tpu(strategy) or parameter_servers.has_servers(strategy):
        return tf.distribute.get_strategy()
    if not workers.is_cluster(strategy):
        return strategy
    gpus = tf.config.get_visible_devices("GPU")
    if len(gpus) < 2:
        return tf.distribute.get_strategy()
    return _make_mirrored(_list_devices(len(gpus)))


def count_replicas(config: DevicesConfig) -> int:
    """Returns how many replicas 'none' or 'mirrored' has, without starting TensorFlow.

    Args:
      config: which devices.
    """
    if config.strategy == "none":
        return 1
    gpus = [] if config.clone_on_cpu else tf.config.get_visible_devices("GPU")
    return config.num_clones or len(gpus) or 1


def _make_mirrored(devices: list[str]) -> tf.distribute.Strategy:
    """Returns the strategy for replicas on these devices of this machine.

    Gradients on CPUs are summed on one of them, not by TensorFlow's default, collective
    ops: these are numbered by process, so a second strategy in a notebook would take
    the first one's sums for its own.
    """
    on_cpu = devices[0].startswith("CPU")
    across = tf.distribute.ReductionToOneDevice() if on_cpu else None
    return tf.distribute.MirroredStrategy(devices, across)


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether this process is the one that writes checkpoints and summaries."""
    if tpus.is_on_tpu(strategy) or parameter_servers.has_servers(strategy):
        return True  # one process drives all others
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.cluster_spec().as_dict():
        return True
    is_first = resolver.task_id == 0
    if "chief" in resolver.cluster_spec().as_dict():
        return resolver.task_type == "chief"
    return resolver.task_type in (None, "worker") and is_first


def _list_devices(num_clones: int) -> list[str]:
    """Returns the device names of the replicas; splits the CPU where needed."""
    gpus = tf.config.get_visible_devices("GPU")
    if gpus and num_clones > len(gpus):
        raise _describe_too_many(num_clones, len(gpus))
    count = num_clones or len(gpus) or 1
    if gpus:
        return [f"GPU:{index}" for index in range(count)]
    _split_cpu(count)
    return [f"CPU:{index}" for index in range(count)]


def _hide_other_gpus(num_clones: int) -> None:
    """Hides all but some GPUs: a worker uses every GPU it sees, or one CPU."""
    gpus = tf.config.get_visible_devices("GPU")
    if num_clones > max(len(gpus), 1):
        raise _describe_too_many(num_clones, len(gpus))
    if num_clones:
        tf.config.set_visible_devices(gpus[:num_clones], "GPU")


def _refuse_clones_on_tpu(config: DevicesConfig) -> None:
    if config.num_clones or config.clone_on_cpu:
        raise errors.InputError(
            "--num_clones and --clone_on_cpu are about CPUs and GPUs; leave them out of"
            " --strategy=tpu, which has a replica on each core"
        )


def _describe_too_many(num_clones: int, gpus: int) -> errors.InputError:
    advice = (
        f"give at most {gpus}, or --strategy=mirrored with --clone_on_cpu"
        if gpus
        else "a worker of --strategy=multi_worker on a CPU has one replica"
    )
    return errors.InputError(
        f"--num_clones={num_clones}, but this machine has {gpus} GPUs; {advice}"
    )


def _split_cpu(count: int) -> None:
    """Makes at least `count` logical CPUs out of the one there is."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    configured = tf.config.get_logical_device_configuration(cpu) or []
    if len(configured) >= count or count == 1:
        return
    try:
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * count
        )
    except RuntimeError as error:
        raise errors.InputError(
            f"cannot split the CPU into {count} devices after TensorFlow has started;"
            " make the strategy first"
        ) from error
