"""Workers that meet at the start, and one that is lost before all have met."""

import json
import os
import signal
import socket
import threading
import time

import pytest

from slimnets import errors
from slimnets.distribution import rendezvous
from tests.distribution.partners import address, own_address


def call(partner: socket.socket) -> threading.Thread:
    """Lets the other worker listen, and call this one until it answers."""
    partner.listen()
    target = own_address()

    def dial() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                guest = socket.create_connection(target)
            except OSError:
                time.sleep(0.01)
                continue
            guest.sendall(b"worker 1\n")
            calls.append(guest)
            return

    calls: list[socket.socket] = []
    thread = threading.Thread(target=dial)
    thread.calls = calls
    thread.start()
    return thread


def test_one_that_is_there_is_not_waited_for(partner, capsys, monkeypatch):
    monkeypatch.setattr(rendezvous, "_PAUSE", 0.01)
    thread = call(partner)
    partners = rendezvous.await_partners(timeout=60)
    thread.join()
    assert partners.list_absent() == []
    partners.part(have_met=True)
    [guest] = thread.calls
    assert guest.recv(1) == b"k" and guest.recv(1) == b""
    guest.close()
    assert capsys.readouterr().err == ""


def test_one_that_does_not_come_is_named(partner, capsys, monkeypatch):
    monkeypatch.setattr(rendezvous, "_NOTICE", 0)
    with pytest.raises(errors.InputError) as caught:
        rendezvous.await_partners(timeout=0.1)
    assert str(caught.value).startswith(
        f"worker 1 at {address(partner)} did not come within 0.1 s; start every worker"
    )
    assert capsys.readouterr().err == f"waiting for worker 1 at {address(partner)}\n"


def test_a_stranger_is_no_partner(partner, monkeypatch):
    monkeypatch.setattr(rendezvous, "_PAUSE", 0.01)
    partner.listen()
    partners = rendezvous.Partners()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as stranger:
            stranger.sendall(b"GET / HTTP/1.1\n")
            partners.seek(listener)
        assert [str(task) for task in partners.list_absent()] == [
            f"worker 1 at {address(partner)}"
        ]
    partners.part(have_met=False)


def test_a_port_that_is_taken(partner, monkeypatch):
    config = json.loads(os.environ["TF_CONFIG"])
    config["cluster"]["worker"][0] = address(partner)
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    partner.listen()
    with pytest.raises(errors.InputError, match="Address already in use; stop the"):
        rendezvous.await_partners(timeout=60)


# What the other worker does while the servers start, and how this one ends then.
ENDS = {
    "meets": 0,
    "dies": -signal.SIGKILL,
    "stands still": -signal.SIGKILL,
}


@pytest.mark.parametrize("other", ENDS)
def test_one_that_is_lost_while_the_servers_start(
    partner,
    monkeypatch,
    capfd,
    other,
):
    monkeypatch.setattr(rendezvous, "_PAUSE", 0.01)
    monkeypatch.setattr(rendezvous, "_STOP_PATIENCE", 0.1)
    thread = call(partner)
    partners = rendezvous.await_partners(timeout=60)
    thread.join()
    link, _ = partner.accept()
    waiting = os.fork()
    if not waiting:
        try:
            with rendezvous.watch_the_start(partners):
                if other == "stands still":
                    os.kill(os.getpid(), signal.SIGSTOP)
                time.sleep(1 if other == "meets" else 60)
        finally:
            os._exit(0)
    if other == "meets":
        link.sendall(b"k")
    if other != "stands still":
        link.shutdown(socket.SHUT_RDWR)  # closed alone, the child's copy stays open
    _, status = os.waitpid(waiting, 0)
    assert os.waitstatus_to_exitcode(status) == ENDS[other]
    lines = {
        "meets": "",
        "dies": f"error: worker 1 at {address(partner)} is gone: it does not answer."
        " Start all again\n",
        "stands still": "error: this worker was stopped before all had met. Start all"
        " again\n",
    }
    assert capfd.readouterr().err == lines[other]
    link.close()
    partners.part(have_met=False)
    for guest in thread.calls:
        guest.close()
