"""The other workers of a run: waiting for them, agreeing with them, losing them."""

import contextlib
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import errors

_NOTICE = 10.0  # seconds of waiting, after which it is said for whom
_PAUSE = 0.2  # seconds between two looks
_START_PATIENCE = 60.0  # seconds for a worker that was there to start its server
_PROBE = 1.0  # seconds that a worker may take to answer a connection
# What a collective op ends with when a worker is gone.
_LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
)
_COLLECTIVE = re.compile(r"[Cc]ollective op|/job:\w+/(replica:\d+/)?task:\d")


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

    def answers(self) -> bool:
        """Returns whether something listens at its address."""
        host = self.address.rpartition(":")[0].strip("[]")
        try:
            with socket.create_connection((host, self.port), _PROBE):
                return True
        except OSError:
            return False


def _read_cluster() -> tuple[Task, list[Task]]:
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


def is_cluster(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether other processes take part in a strategy."""
    resolver = strategy.cluster_resolver
    return resolver is not None and bool(resolver.cluster_spec().as_dict())


def await_partners(timeout: float) -> None:
    """Waits until every worker that TF_CONFIG names has started; says for whom.

    TensorFlow would wait as well, for an hour and without a word, and no thread of
    Python runs meanwhile. So each worker listens at its own address until it has found
    all others listening at theirs, and only then starts TensorFlow's server there.

    Args:
      timeout: seconds.

    Raises:
      InputError: a worker has not come by then, or this one's port is taken.
    """
    own, others = _read_cluster()
    began, is_said, absent = time.monotonic(), False, others
    with _listen(own.port):
        while absent := [task for task in absent if not task.answers()]:
            waited = time.monotonic() - began
            names = " and ".join(map(str, absent))
            if waited >= timeout:
                raise errors.InputError(
                    f"{names} did not come within {timeout:g} s; start every worker"
                    " that TF_CONFIG names, or give a longer --rendezvous_timeout"
                )
            if waited >= _NOTICE and not is_said:
                print(f"waiting for {names}", file=sys.stderr, flush=True)
                is_said = True
            time.sleep(_PAUSE)


@contextlib.contextmanager
def watch_the_start() -> Iterator[None]:
    """Ends this process where another worker is lost while TensorFlow's servers meet.

    TensorFlow waits for that one for an hour, and no thread of Python runs meanwhile;
    so another process watches, and ends this one by SIGKILL.
    """
    watched = os.getpid()
    watcher = os.fork()
    if not watcher:
        try:
            _watch(watched)
        finally:
            os._exit(0)
    try:
        yield
    finally:
        os.kill(watcher, signal.SIGKILL)
        os.waitpid(watcher, 0)


def _watch(process: int) -> None:
    """Kills the parent process, in one line, when a worker does not answer for long."""
    _, others = _read_cluster()
    heard = dict.fromkeys(others, time.monotonic())
    while os.getppid() == process:
        for task in others:
            if task.answers():
                heard[task] = time.monotonic()
            elif time.monotonic() - heard[task] > _START_PATIENCE:
                line = f"error: {task} is gone: it does not answer. Start all again"
                print(line, file=sys.stderr, flush=True)
                os.kill(process, signal.SIGKILL)
                return
        time.sleep(_PAUSE)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("", port), backlog=128)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise errors.InputError(
            f"TF_CONFIG gives this worker port {port}: {reason}; stop the program that"
            " has it, or name another port in every worker's TF_CONFIG"
        ) from error


@contextlib.contextmanager
def name_the_lost(strategy: tf.distribute.Strategy, advice: str) -> Iterator[None]:
    """Makes one line of the error by which a lost worker shows.

    Args:
      strategy: of the run; nothing is done for one without other workers.
      advice: what to do about it, the end of the line.

    Raises:
      PartnerLost: a worker ended, stopped or cannot be reached.
    """
    try:
        yield
    except (*_LOST, errors.InputError) as error:
        lost = _find_loss(error) if is_cluster(strategy) else None
        if lost is None:
            raise
        raise errors.PartnerLost(
            f"{_describe_lost(str(lost))} is gone: {_describe_reason(lost)}. {advice}"
        ) from error


def _find_loss(error: BaseException) -> tf.errors.OpError | None:
    """Returns the error by which a lost worker shows, which another may have caused.

    Whatever takes part in a collective op then fails, and may be thought to be at
    fault: a network that is being built, the batches that are awaited.
    """
    if isinstance(error, _LOST):
        return error
    cause = error.__cause__
    while cause is not None:
        if isinstance(cause, _LOST) and _COLLECTIVE.search(str(cause)):
            return cause
        cause = cause.__cause__
    return None


def get_share(strategy: tf.distribute.Strategy) -> tuple[int, int]:
    """Returns this process's place among the workers, from 0, and their number."""
    if not is_cluster(strategy):
        return 0, 1
    own, others = _read_cluster()
    tasks = sorted([own, *others], key=lambda task: (task.kind, task.number))
    return tasks.index(own), len(tasks)


def sum_over(
    strategy: tf.distribute.Strategy, *arrays: np.ndarray
) -> Sequence[np.ndarray]:
    """Returns arrays summed over all workers, who have to call this together.

    Args:
      strategy: of the run.
      *arrays: this worker's, int32, int64, float32 or float64; of one shape and type
        on all of them.
    """
    if not is_cluster(strategy):
        return arrays
    count = len(strategy.extended.worker_devices)  # of this process

    def take_once(*values: tf.Tensor) -> list[tf.Tensor]:
        context = tf.distribute.get_replica_context()
        is_first = context.replica_id_in_sync_group % count == 0
        return [tf.where(is_first, value, tf.zeros_like(value)) for value in values]

    @tf.function(autograph=False)
    def add(*values: tf.Tensor) -> list[tf.Tensor]:
        parts = strategy.run(take_once, values)
        total = tf.distribute.ReduceOp.SUM
        return [strategy.reduce(total, part, axis=None) for part in parts]

    return [value.numpy() for value in add(*map(tf.constant, arrays))]


class Agreement:
    """What all workers know of each other after a step."""

    def __init__(self, strategy: tf.distribute.Strategy):
        """Takes the run's strategy; one without other workers agrees with itself."""
        self._is_alone = not is_cluster(strategy)

        @tf.function(autograph=False, input_signature=[tf.TensorSpec([], tf.int32)])
        def count(asked: tf.Tensor) -> tf.Tensor:
            votes = strategy.run(tf.identity, (asked,))
            return strategy.reduce(tf.distribute.ReduceOp.SUM, votes, axis=None)

        self._count = count

    def asks_any(self, asked: bool) -> bool:
        """Returns whether any worker asks; every worker gets the same answer.

        Args:
          asked: whether this one does.
        """
        if self._is_alone:
            return asked
        return bool(self._count(tf.constant(int(asked))) > 0)

    def meet(self) -> None:
        """Waits until every worker is here."""
        self.asks_any(False)


def _describe_lost(message: str) -> str:
    """Returns the worker that an error names, else those that do not answer."""
    _, others = _read_cluster()
    named = re.findall(r"/job:(\w+)/(?:replica:\d+/)?task:(\d+)", message)
    for kind, number in named:
        for task in others:
            if (task.kind, task.number) == (kind, int(number)):
                return str(task)
    absent = [task for task in others if not task.answers()]
    return " or ".join(map(str, absent or others))


def _describe_reason(error: tf.errors.OpError) -> str:
    if "heartbeat" in str(error):
        return "it gives no sign of life"
    known = re.search("Connection reset|Connection refused|Socket closed", str(error))
    return known.group().lower() if known else "it does not answer"
