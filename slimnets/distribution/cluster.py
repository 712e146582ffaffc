"""The processes that TF_CONFIG names."""

import json
import os
import socket
from typing import NamedTuple

_PROBE = 1.0  # seconds that a worker may take to answer a connection


class Task(NamedTuple):
    """A process of the cluster that TF_CONFIG names."""

    kind: str
    number: int
    address: str

    def __str__(self) -> str:
        return f"{self.kind} {self.number} at {self.address}"

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
