"""The chief's side of --strategy=parameter_server: who has come, and who is gone.

Every ps and worker calls the chief at its address and keeps the connection open: one
that breaks tells that a process has ended, and one that is silent that a process or its
machine hangs. TensorFlow itself would wait for either without a word.
"""

import contextlib
import json
import logging
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import absl.logging
import tensorflow as tf

from slimnets import errors
from slimnets.distribution.cluster import Task, read_cluster
from slimnets.distribution.connections import listen, read_name, receive

SIGN_OF_LIFE, STOP = b".", b"s"  # what the others send: the latter asks to end the run

_NOTICE = 10.0  # seconds of waiting, after which it is said for whom
_PAUSE = 0.2  # seconds between two looks
_END_PATIENCE = 2.0  # seconds that a process may take to hear of the end
_NOTICING = 3.0  # seconds in which a connection that broke is noticed
_SILENCE = 60.0  # seconds without a sign of life, after which a process is lost


class Members:
    """The servers of parameters and the workers that have come to this chief."""

    def __init__(
        self,
        listener: socket.socket,
        timeout: float,
        request_stop: Callable[[], None],
        log: Callable[[str], None],
        advice: str,
    ):
        """Reads TF_CONFIG; nobody is there yet.

        Args:
          listener: at the chief's address.
          timeout: seconds to wait for all, and later for a worker where none is left.
          request_stop: called when a server was told to end the run, or no worker is
            left to go on with it.
          log: gets a line for each worker that is lost or comes back.
          advice: what to do where weights are lost, the end of a line.
        """
        _, others = read_cluster()
        self._tasks = {task.name: task for task in others}
        self._listener, self._timeout = listener, timeout
        self._request_stop, self._log, self._advice = request_stop, log, advice
        self._links: dict[str, socket.socket] = {}
        self._heard: dict[str, float] = {}  # when, by name
        self._had_workers = time.monotonic()
        self._is_watching = threading.Event()
        self._watcher: threading.Thread | None = None

    def await_all(self) -> None:
        """Waits until every ps and worker that TF_CONFIG names has come; says for whom.

        Raises:
          InputError: one has not come by then.
        """
        began, is_said = time.monotonic(), False
        while absent := self._list_absent():
            names = " and ".join(map(str, absent))
            waited = time.monotonic() - began
            if waited >= self._timeout:
                raise errors.InputError(
                    f"{names} did not come within {self._timeout:g} s; start every task"
                    " that TF_CONFIG names, or give a longer --rendezvous_timeout"
                )
            if waited >= _NOTICE and not is_said:
                print(f"waiting for {names}", file=sys.stderr, flush=True)
                is_said = True
            for name in self._look():
                self._drop(name)

    def watch(self) -> None:
        """From now on a thread looks who is gone.

        A lost server ends this process at once, with one line and status 2: it had a
        part of the weights, and the main thread may wait for it.
        """

        def watch() -> None:
            while self._is_watching.is_set():
                for name in [*self._look(), *self._list_silent()]:
                    self._lose(name)
                self._require_workers()

        self._is_watching.set()
        self._watcher = threading.Thread(target=watch, daemon=True)
        self._watcher.start()

    @property
    def count_workers(self) -> int:
        """How many workers are there now."""
        return sum(name.startswith("worker") for name in list(self._links))

    def end(self, outcome: dict[str, Any]) -> None:
        """Tells all what the run left; they end with that.

        Args:
          outcome: what JSON can hold.
        """
        self._stop_watching()
        for link in self._links.values():
            with contextlib.suppress(OSError):
                link.sendall(json.dumps(outcome).encode() + b"\n")
                link.shutdown(socket.SHUT_WR)
        # Closed with something unread, a connection would lose what was sent.
        for link in self._links.values():
            link.settimeout(_END_PATIENCE)
            with contextlib.suppress(OSError):
                while link.recv(100):
                    pass

    def close(self) -> None:
        """Closes all connections; who was told nothing takes the chief for lost."""
        self._stop_watching()
        for name in list(self._links):
            self._drop(name)

    def _stop_watching(self) -> None:
        self._is_watching.clear()
        if self._watcher is not None:
            self._watcher.join()

    def _list_absent(self) -> list[Task]:
        return [task for name, task in self._tasks.items() if name not in self._links]

    def _look(self) -> list[str]:
        """Receives what has come within a moment; returns whose connections broke."""
        names = {link: name for name, link in self._links.items()}
        ready, _, _ = select.select([self._listener, *names], [], [], _PAUSE)
        broken = []
        for each in ready:
            if each is self._listener:
                continue
            said = receive(each)
            self._heard[names[each]] = time.monotonic()
            if said == STOP:
                self._request_stop()
            elif said != SIGN_OF_LIFE:
                broken.append(names[each])
        if self._listener in ready:
            self._receive_member()
        return broken

    def _receive_member(self) -> None:
        """Lets one in; in the place of an earlier one, if it was started again."""
        guest, _ = self._listener.accept()
        name = read_name(guest)
        if name not in self._tasks:  # such as one that only looks whether one listens
            guest.close()
            return
        if self._is_watching.is_set():
            self._lose(name)
            self._log(f"{self._tasks[name]} is back")
        self._drop(name)
        self._links[name], self._heard[name] = guest, time.monotonic()

    def _list_silent(self) -> list[str]:
        now = time.monotonic()
        return [name for name in self._links if now - self._heard[name] > _SILENCE]

    def _lose(self, name: str) -> None:
        if name not in self._links:
            return
        self._drop(name)
        task = self._tasks[name]
        if task.kind == "ps":
            errors.end_at_once(f"{task} is gone, and weights with it. {self._advice}")
        self._log(f"{task} is gone; the others go on, and it may be started again")

    def _require_workers(self) -> None:
        now = time.monotonic()
        if self.count_workers:
            self._had_workers = now
        elif now - self._had_workers > self._timeout:
            self._had_workers = now  # it is said once in that time
            self._log(f"no worker came for {self._timeout:g} s: the run ends")
            self._request_stop()

    def _drop(self, name: str) -> None:
        link = self._links.pop(name, None)
        if link is not None:
            link.close()


@contextlib.contextmanager
def _leaving_time_to_notice() -> Iterator[None]:
    """Lets the thread find a lost server before an error that it caused is told."""
    try:
        yield
    except (tf.errors.OpError, errors.InputError) as error:
        if isinstance(error.__cause__ or error, tf.errors.OpError):
            time.sleep(_NOTICING)
        raise


@contextlib.contextmanager
def _without_tensorflows_log() -> Iterator[None]:
    """Leaves out what TensorFlow logs of a lost worker; the chief has a line for it."""
    handler = absl.logging.get_absl_handler().python_handler

    def is_of_others(record: logging.LogRecord) -> bool:
        return record.module != "cluster_coordinator"

    handler.addFilter(is_of_others)
    try:
        yield
    finally:
        handler.removeFilter(is_of_others)


@contextlib.contextmanager
def gather(
    timeout: float,
    request_stop: Callable[[], None],
    log: Callable[[str], None],
    advice: str,
) -> Iterator[Members]:
    """Waits for all that TF_CONFIG names, and watches them while it is open.

    Args:
      timeout, request_stop, log, advice: as `Members` takes them.

    Raises:
      InputError: one has not come, or the chief's port is taken.
    """
    own, _ = read_cluster()
    with listen(own.port) as listener:
        members = Members(listener, timeout, request_stop, log, advice)
        try:
            members.await_all()
            members.watch()
            with _leaving_time_to_notice(), _without_tensorflows_log():
                yield members
        finally:
            members.close()
