"""A server or worker that calls its chief, which a socket plays, and stays."""

import contextlib
import json
import signal
import socket
import threading

import pytest

from slimnets import errors
from slimnets.config.devices import DevicesConfig
from slimnets.distribution import chief, member


@pytest.fixture
def name_task(monkeypatch):
    """Returns what names this process in TF_CONFIG, and gives its chief's socket."""
    monkeypatch.setattr(member, "_PULSE", 0.01)
    monkeypatch.setattr(member, "_start_server", lambda *_: None)
    with socket.create_server(("127.0.0.1", 0)) as leader:

        def name(kind: str) -> socket.socket:
            with socket.create_server(("127.0.0.1", 0)) as free:
                own = free.getsockname()[1]
            addresses = {
                "chief": [f"127.0.0.1:{leader.getsockname()[1]}"],
                "ps": ["127.0.0.1:1"],
                "worker": ["127.0.0.1:2"],
                kind: [f"127.0.0.1:{own}"],
            }
            task = {"type": kind, "index": 0}
            config = {"cluster": addresses, "task": task}
            monkeypatch.setenv("TF_CONFIG", json.dumps(config))
            return leader

        yield name


DEVICES = DevicesConfig("parameter_server", rendezvous_timeout=1.0)


def answer(leader: socket.socket, say: bytes, heard: list[str]) -> threading.Thread:
    """Lets the chief read the name and, after a stop was asked for, say something."""

    def act() -> None:
        link, _ = leader.accept()
        with link, link.makefile("rb", buffering=0) as lines:
            heard.append(lines.readline().decode())
            while say and lines.read(1) not in (chief.STOP, b""):
                pass
            with contextlib.suppress(OSError):
                link.sendall(say)

    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_a_server_asks_for_the_end_and_hears_of_it(name_task):
    heard = []
    thread = answer(name_task("ps"), b'{"step": 3}\n', heard)
    assert member.serve(DEVICES, lambda: signal.SIGTERM) == {"step": 3}
    thread.join()
    assert heard == ["ps 0\n"]


def test_a_chief_that_is_gone(name_task):
    thread = answer(name_task("worker"), b"", [])
    with pytest.raises(errors.PartnerLost, match=r"chief 0 at 127\.0.* is gone"):
        member.serve(DEVICES, lambda: None)
    thread.join()


def test_a_chief_that_does_not_come(name_task, monkeypatch, capsys):
    name_task("worker").close()
    monkeypatch.setattr(member, "_NOTICE", 0)
    with pytest.raises(errors.InputError, match="did not come within 1 s; start every"):
        member.serve(DEVICES, lambda: None)
    assert capsys.readouterr().err.startswith("waiting for chief 0 at 127.0.0.1:")


def test_a_worker_that_is_told_to_end_leaves(name_task):
    thread = answer(name_task("worker"), b'{"step": 3}\n', [])
    with pytest.raises(member.Left) as caught:
        member.serve(DEVICES, lambda: signal.SIGTERM)
    assert caught.value.code == 128 + signal.SIGTERM
    thread.join()
