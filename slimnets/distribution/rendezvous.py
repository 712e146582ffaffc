"""The start of a cluster: every worker is awaited, and watched until all have met.

TensorFlow would wait as well, for an hour and without a word, and no thread of Python
runs meanwhile. So each worker listens at its own address until it has found all others
at theirs, and only then starts TensorFlow's server there. The connections that it made
stay open until the servers have met: where one breaks, its worker is gone.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from slimnets import errors
from slimnets.distribution.cluster import Task, read_cluster
from slimnets.distribution.connections import listen, read_name, receive

_NOTICE = 10.0  # seconds of waiting, after which it is said for whom
_PAUSE = 0.2  # seconds between two looks
_START_PATIENCE = 60.0  # seconds for a worker that was there to start its server
_STOP_PATIENCE = 8.0  # seconds that this process may stand still meanwhile
_HAVE_MET = b"k"  # what a worker sends when its server has met the others


class Partners:
    """Connections with the other workers, until TensorFlow's servers have met."""

    def __init__(self) -> None:
        """Reads TF_CONFIG; nobody is there yet."""
        self.own, self.others = read_cluster()
        self._links: dict[Task, socket.socket] = {}  # that this worker made
        self._guests: dict[str, socket.socket] = {}  # that others made, by their name

    def list_absent(self) -> list[Task]:
        """Returns those that are not there, or are gone again."""
        for task, link in list(self._links.items()):
            if _is_broken(link):
                self._links.pop(task).close()
        for name, guest in list(self._guests.items()):
            if _is_broken(guest):
                self._guests.pop(name).close()
        return [
            task
            for task in self.others
            if task not in self._links or task.name not in self._guests
        ]

    def seek(self, listener: socket.socket) -> None:
        """Connects with those who listen, and receives those who call."""
        for task in self.others:
            if task not in self._links:
                connection = task.connect()
                if connection is not None:
                    self._links[task] = connection
                    with contextlib.suppress(OSError):  # then it is broken, and told so
                        connection.sendall(f"{self.own.name}\n".encode())
        while select.select([listener], [], [], 0)[0]:
            guest, _ = listener.accept()
            name = read_name(guest)
            if name in [task.name for task in self.others]:
                self._guests[name] = guest
            else:  # such as one that only looks whether somebody listens
                guest.close()

    def find_lost(self, seconds: float) -> Task | None:
        """Waits that long for a connection to break; returns whose it was."""
        open_links = {link: task for task, link in self._links.items()}
        for link in select.select(list(open_links), [], [], seconds)[0]:
            if receive(link) != _HAVE_MET:
                return open_links[link]
            self._links.pop(open_links[link]).close()
        return None

    def forget_guests(self) -> None:
        """Closes a forked process's copies, that they break with the first one."""
        for guest in self._guests.values():
            guest.close()
        self._guests.clear()

    def part(self, have_met: bool) -> None:
        """Closes all connections; tells the others before, if the servers have met."""
        for guest in self._guests.values():
            if have_met:
                with contextlib.suppress(OSError):
                    guest.sendall(_HAVE_MET)
        self.forget_guests()
        for link in self._links.values():
            link.close()
        self._links.clear()


def await_partners(timeout: float) -> Partners:
    """Waits until every worker that TF_CONFIG names has started; says for whom.

    Args:
      timeout: seconds.

    Raises:
      InputError: a worker has not come by then, or this one's port is taken.
    """
    partners = Partners()
    began, is_said = time.monotonic(), False
    with listen(partners.own.port) as listener:
        partners.seek(listener)
        while absent := partners.list_absent():
            waited = time.monotonic() - began
            names = " and ".join(map(str, absent))
            if waited >= timeout:
                partners.part(have_met=False)
                raise errors.InputError(
                    f"{names} did not come within {timeout:g} s; start every worker"
                    " that TF_CONFIG names, or give a longer --rendezvous_timeout"
                )
            if waited >= _NOTICE and not is_said:
                print(f"waiting for {names}", file=sys.stderr, flush=True)
                is_said = True
            time.sleep(_PAUSE)
            partners.seek(listener)
    return partners


@contextlib.contextmanager
def watch_the_start(partners: Partners) -> Iterator[None]:
    """Ends this process where another worker is lost while TensorFlow's servers meet.

    No thread of Python runs meanwhile; so another process watches, and ends this one by
    SIGKILL.

    Args:
      partners: as `await_partners` returned them; they part at the end.
    """
    watched = os.getpid()
    watcher = os.fork()
    if not watcher:
        try:
            partners.forget_guests()
            _watch(watched, partners)
        finally:
            os._exit(0)
    have_met = False
    try:
        yield
        have_met = True
    finally:
        os.kill(watcher, signal.SIGKILL)
        os.waitpid(watcher, 0)
        partners.part(have_met)


def _watch(process: int, partners: Partners) -> None:
    """Kills the parent process, in one line, when a worker is gone."""
    heard = dict.fromkeys(partners.others, time.monotonic())
    went_on = time.monotonic()
    while os.getppid() == process:
        reason = None
        lost = partners.find_lost(_PAUSE) or _find_silent(heard)
        if lost is not None:
            reason = f"{lost} is gone: it does not answer"
        if not _stands_still(process):
            went_on = time.monotonic()
        elif time.monotonic() - went_on > _STOP_PATIENCE:
            reason = "this worker was stopped before all had met"
        if reason is not None:
            print(f"error: {reason}. Start all again", file=sys.stderr, flush=True)
            os.kill(process, signal.SIGKILL)
            return
        time.sleep(_PAUSE)


def _find_silent(heard: dict[Task, float]) -> Task | None:
    """Returns a worker at whose address nothing has listened for long."""
    for task in heard:
        if task.answers():
            heard[task] = time.monotonic()
        elif time.monotonic() - heard[task] > _START_PATIENCE:
            return task
    return None


def _stands_still(process: int) -> bool:
    """Returns whether a process was stopped by a signal, as far as Linux tells it."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(errors="replace")
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] in ("T", "t")


def _is_broken(connection: socket.socket) -> bool:
    is_readable = bool(select.select([connection], [], [], 0)[0])
    return is_readable and receive(connection, socket.MSG_PEEK) == b""
