"""The chief's watch over servers and workers, which sockets play."""

import json
import os
import socket
import time

import pytest

from slimnets import errors
from slimnets.distribution import chief


@pytest.fixture
def port(monkeypatch) -> int:
    """Names a chief, a server and a worker in TF_CONFIG; returns the chief's port."""
    monkeypatch.setattr(chief, "_PAUSE", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cluster = {"chief": [f"127.0.0.1:{port}"], "ps": ["b:1"], "worker": ["c:1"]}
    config = {"cluster": cluster, "task": {"type": "chief", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    return port


def call(port: int, name: str) -> socket.socket:
    """Returns a connection with the chief, once it listens."""
    deadline = time.monotonic() + 60
    while True:
        try:
            link = socket.create_connection(("127.0.0.1", port))
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.01)
            continue
        link.sendall(f"{name}\n".encode())
        return link


def play(port: int, acts) -> int:
    """Lets another process call as both, act, and end; returns its id."""
    process = os.fork()
    if not process:
        try:
            acts({name: call(port, name) for name in ("ps 0", "worker 0")})
        finally:
            os._exit(0)
    return process


def wait_until(is_so) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_who_does_not_come_is_named(port, capsys, monkeypatch):
    monkeypatch.setattr(chief, "_NOTICE", 0)
    with pytest.raises(errors.InputError) as caught, chief.gather(0.1, int, print, ""):
        pass
    assert str(caught.value).startswith(
        "ps 0 at b:1 and worker 0 at c:1 did not come within 0.1 s; start every task"
    )
    assert capsys.readouterr().err == "waiting for ps 0 at b:1 and worker 0 at c:1\n"


def test_a_worker_goes_and_comes_and_hears_of_the_end(port):
    lines, stops = [], []
    gathered, tell = os.pipe()

    def act(links):
        links["ps 0"].sendall(chief.SIGN_OF_LIFE + chief.STOP)
        os.read(gathered, 1)
        links["worker 0"].close()
        os.read(gathered, 1)
        again = call(port, "worker 0")
        call(port, "GET / HTTP/1.1").close()
        for link in (links["ps 0"], again):
            assert json.loads(link.makefile().readline()) == {"step": 3}
        os._exit(7)

    player = play(port, act)
    with chief.gather(60, lambda: stops.append(1), lines.append, "") as members:
        os.write(tell, b"x")
        wait_until(lambda: len(lines) == 1)
        os.write(tell, b"x")
        wait_until(lambda: len(lines) == 2)
        assert members.count_workers == 1
        members.end({"step": 3})
    assert lines == [
        "worker 0 at c:1 is gone; the others go on, and it may be started again",
        "worker 0 at c:1 is back",
    ]
    assert stops == [1]
    assert os.waitstatus_to_exitcode(os.waitpid(player, 0)[1]) == 7


@pytest.mark.parametrize("does", ["goes", "is silent"])
def test_a_server_that_is_lost_ends_the_chief(port, capfd, monkeypatch, does):
    gathered, tell = os.pipe()

    def act(links):
        os.read(gathered, 1)
        if does == "goes":
            links["ps 0"].close()
            time.sleep(60)
        while True:
            links["worker 0"].sendall(chief.SIGN_OF_LIFE)
            time.sleep(0.05)

    if does == "is silent":
        monkeypatch.setattr(chief, "_SILENCE", 0.5)
    player = play(port, act)
    leader = os.fork()
    if not leader:
        try:
            with chief.gather(60, int, lambda line: None, "Start all again"):
                os.write(tell, b"x")
                time.sleep(60)
        finally:
            os._exit(0)
    _, status = os.waitpid(leader, 0)
    os.kill(player, 9)
    os.waitpid(player, 0)
    assert os.waitstatus_to_exitcode(status) == 2
    line = "error: ps 0 at b:1 is gone, and weights with it. Start all again\n"
    assert capfd.readouterr().err == line


def test_without_workers_the_run_is_asked_to_end(port):
    lines, stops = [], []
    gathered, tell = os.pipe()

    def act(links):
        os.read(gathered, 1)
        links["worker 0"].close()
        time.sleep(60)

    player = play(port, act)
    with chief.gather(60, lambda: stops.append(1), lines.append, "") as members:
        members._timeout = 0.1  # from when all have come
        os.write(tell, b"x")
        wait_until(lambda: stops)
        assert members.count_workers == 0
    os.kill(player, 9)
    os.waitpid(player, 0)
    assert lines[1] == "no worker came for 0.1 s: the run ends"
