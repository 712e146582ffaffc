"""tf.distribute's ParameterServerStrategy: variables on servers, steps on workers.

One process, the chief, runs the program. It makes each variable on one of the servers
(ps) and hands whole steps to the workers, each of which reads the variables, computes
its gradients and changes the variables at once, whatever the others do meanwhile.
"""

import socket

import tensorflow as tf

from slimnets.distribution import cluster


def make_strategy() -> tf.distribute.Strategy:
    """Returns the strategy of the chief; the servers of the others have to listen.

    Raises:
      InputError: TF_CONFIG is missing or broken.
    """
    cluster.check("parameter_server")
    own, others = cluster.read_cluster()
    spec = list_servers(others)
    # At the chief's own address it listens itself: see `chief`. Nobody calls this one.
    spec["chief"] = [f"{own.address.rpartition(':')[0]}:{_find_free_port()}"]
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(spec), task_type="chief", task_id=0, rpc_layer="grpc"
    )
    return tf.distribute.ParameterServerStrategy(resolver)


def has_servers(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether a strategy's variables lie on servers."""
    return isinstance(strategy, tf.distribute.ParameterServerStrategy)


def list_servers(tasks: list[cluster.Task]) -> dict[str, list[str]]:
    """Returns the addresses of ps and workers by kind, in the order of their numbers.

    Args:
      tasks: of the cluster; the chief is left out.
    """
    return {
        kind: [task.address for task in sorted(tasks) if task.kind == kind]
        for kind in ("ps", "worker")
    }


def _find_free_port() -> int:
    with socket.create_server(("", 0)) as free:
        return int(free.getsockname()[1])
