"""Another worker that TF_CONFIG names, played by a socket."""

import json
import os
import socket

import pytest


@pytest.fixture
def partner(monkeypatch):
    """Names two workers in TF_CONFIG; yields the socket of the other one's address."""
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{port}", f"127.0.0.1:{other.getsockname()[1]}"]
        config = {
            "cluster": {"worker": addresses},
            "task": {"type": "worker", "index": 0},
        }
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        yield other


def own_address() -> tuple[str, int]:
    """Returns where this worker is to listen."""
    host, port = json.loads(os.environ["TF_CONFIG"])["cluster"]["worker"][0].split(":")
    return host, int(port)


def address(of: socket.socket) -> str:
    return f"127.0.0.1:{of.getsockname()[1]}"
