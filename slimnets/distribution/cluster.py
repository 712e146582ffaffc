"""The processes that TF_CONFIG names."""

import json
import os
import socket
from typing import NamedTuple

from slimnets import errors

# The kinds of task that take part, by strategy.
_KINDS = {
    "multi_worker": {"chief", "worker"},
    "parameter_server": {"chief", "ps", "worker"},
}
_EXAMPLES = {
    "multi_worker": (
        '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task":'
        ' {"type": "worker", "index": 0}}'
    ),
    "parameter_server": (
        '{"cluster": {"chief": ["host0:2222"], "ps": ["host1:2222"], "worker":'
        ' ["host2:2222", "host3:2222"]}, "task": {"type": "chief", "index": 0}}'
    ),
}
_PROBE = 1.0  # seconds that a worker may take to answer a connection


class Task(NamedTuple):
    """A process of the cluster that TF_CONFIG names."""

    kind: str
    number: int
    address: str

    def __str__(self) -> str:
        return f"{self.name} at {self.address}"

    @property
    def name(self) -> str:
        """Its kind and number, by which it names itself to others."""
        return f"{self.kind} {self.number}"

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def connect(self) -> socket.socket | None:
        """Returns a connection to its address; None where nothing listens."""
        host = self.address.rpartition(":")[0].strip("[]")
        try:
            return socket.create_connection((host, self.port), _PROBE)
        except OSError:
            return None

    def answers(self) -> bool:
        """Returns whether something listens at its address."""
        connection = self.connect()
        if connection is None:
            return False
        connection.close()
        return True


def read_cluster() -> tuple[Task, list[Task]]:
    """Returns this process and the others of TF_CONFIG."""
    config = json.loads(os.environ["TF_CONFIG"])
    kind, index = config["task"]["type"], config["task"]["index"]
    tasks = [
        Task(name, number, address)
        for name, addresses in config["cluster"].items()
        for number, address in enumerate(addresses)
    ]
    (own,) = [task for task in tasks if task[:2] == (kind, index)]
    return own, [task for task in tasks if task != own]


def check(strategy: str) -> None:
    """Checks that TF_CONFIG describes a cluster and this task.

    Args:
      strategy: multi_worker or parameter_server.

    Raises:
      InputError: it is missing or broken, or names what takes no part in the strategy.
    """
    text = os.environ.get("TF_CONFIG", "")
    try:
        config = json.loads(text)
        hosts = config["cluster"][config["task"]["type"]]
        hosts[config["task"]["index"]]
        counts = {kind: len(hosts) for kind, hosts in config["cluster"].items()}
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        state = "is not set" if not text else f"is not usable ({text})"
        raise errors.InputError(
            f"--strategy={strategy}: TF_CONFIG {state}; set it in each process, as in"
            f" TF_CONFIG='{_EXAMPLES[strategy]}'"
        ) from error
    others = sorted(counts.keys() - _KINDS[strategy])
    if others:
        kinds = "workers, and a chief,"
        if "ps" in _KINDS[strategy]:
            kinds = "a chief, ps and workers"
        raise errors.InputError(
            f"--strategy={strategy}: TF_CONFIG names tasks of the kind {others[0]};"
            f" {kinds} do all the work: leave other kinds out of every TF_CONFIG"
        )
    if strategy == "parameter_server":
        _require_each_kind(counts)


def _require_each_kind(counts: dict[str, int]) -> None:
    """Raises an InputError unless there are a chief, servers and workers."""
    if counts.get("chief") != 1 or not counts.get("ps") or not counts.get("worker"):
        raise errors.InputError(
            "--strategy=parameter_server: TF_CONFIG has to name one chief, at least one"
            f" ps and at least one worker, as in '{_EXAMPLES['parameter_server']}'"
        )
