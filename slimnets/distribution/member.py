"""A ps or worker of --strategy=parameter_server: it serves until the chief ends."""

import contextlib
import json
import select
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimnets import errors
from slimnets.config.devices import DevicesConfig
from slimnets.distribution import chief
from slimnets.distribution.cluster import Task, read_cluster
from slimnets.distribution.connections import listen
from slimnets.distribution.parameter_servers import list_servers

_NOTICE = 10.0  # seconds of waiting, after which it is said for whom
_PAUSE = 0.2  # seconds between two calls to a chief that is not there yet
_PULSE = 1.0  # seconds between two signs of life


class Left(SystemExit):
    """This worker was told to end; the others go on without it."""


def serve(config: DevicesConfig, find_signal: Callable[[], int | None]) -> Any:
    """Serves the chief that TF_CONFIG names, until it ends.

    Args:
      config: which devices.
      find_signal: returns the signal that has told this process to end, or None. A
        worker ends at once then; a server asks the chief to save and end the run, and
        stays until then.

    Returns:
      What the chief says that the run left, see `chief.Members.end`.

    Raises:
      InputError: the port is taken, or the chief did not come.
      PartnerLost: it is gone.
      Left: a signal has ended this worker.
    """
    own, others = read_cluster()
    [leader] = [task for task in others if task.kind == "chief"]
    with listen(own.port):
        pass  # TensorFlow would tell in many lines that it is taken
    server = _start_server(own, others, config)
    with _call(own, leader, config.rendezvous_timeout) as link:
        outcome = _stay(own, leader, link, find_signal)
    del server  # which is stopped by that
    return outcome


def is_member(config: DevicesConfig) -> bool:
    """Returns whether this process is to serve; TF_CONFIG has to be checked before."""
    return config.has_servers and read_cluster()[0].kind != "chief"


def _start_server(
    own: Task, others: list[Task], config: DevicesConfig
) -> tf.distribute.Server:
    """Starts TensorFlow's server; a worker computes on its first GPU, or the CPU."""
    options = tf.compat.v1.ConfigProto()
    if own.kind == "ps" or config.clone_on_cpu:
        options.device_count["GPU"] = 0
    elif tf.config.list_physical_devices("GPU"):
        options.gpu_options.visible_device_list = "0"
    return tf.distribute.Server(
        tf.train.ClusterSpec(list_servers([own, *others])),
        job_name=own.kind,
        task_index=own.number,
        protocol="grpc",
        config=options,
    )


def _call(own: Task, leader: Task, timeout: float) -> socket.socket:
    """Returns a connection with the chief, which knows whose it is."""
    began, is_said = time.monotonic(), False
    while (link := leader.connect()) is None:
        waited = time.monotonic() - began
        if waited >= timeout:
            raise errors.InputError(
                f"{leader} did not come within {timeout:g} s; start every task that"
                " TF_CONFIG names, or give a longer --rendezvous_timeout"
            )
        if waited >= _NOTICE and not is_said:
            print(f"waiting for {leader}", file=sys.stderr, flush=True)
            is_said = True
        time.sleep(_PAUSE)
    with contextlib.suppress(OSError):  # then it is gone, and told so
        link.sendall(f"{own.name}\n".encode())
    return link


def _stay(
    own: Task,
    leader: Task,
    link: socket.socket,
    find_signal: Callable[[], int | None],
) -> Any:
    """Gives signs of life until the chief has ended; returns what it says then."""
    has_asked = False
    while not select.select([link], [], [], _PULSE)[0]:
        number = find_signal()
        if number is not None and own.kind == "worker":
            raise Left(128 + number)
        asks = number is not None and not has_asked
        has_asked = has_asked or asks
        with contextlib.suppress(OSError):
            link.sendall(chief.STOP if asks else chief.SIGN_OF_LIFE)
    with contextlib.suppress(OSError), link.makefile("rb") as lines:
        said = lines.readline()
        if said.endswith(b"\n"):
            return json.loads(said)
    raise errors.PartnerLost(f"{leader} is gone; its own output says why")
