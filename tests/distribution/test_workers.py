"""Workers that are awaited, that agree, and that are lost."""

import json
import os
import signal
import socket
import time

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.distribution import workers


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


def address(of: socket.socket) -> str:
    return f"127.0.0.1:{of.getsockname()[1]}"


def test_one_that_is_there_is_not_waited_for(partner, capsys):
    partner.listen()
    workers.await_partners(timeout=60)
    assert capsys.readouterr().err == ""


def test_one_that_does_not_come_is_named(partner, capsys, monkeypatch):
    monkeypatch.setattr(workers, "_NOTICE", 0)
    with pytest.raises(errors.InputError) as caught:
        workers.await_partners(timeout=0.1)
    assert str(caught.value).startswith(
        f"worker 1 at {address(partner)} did not come within 0.1 s; start every worker"
    )
    assert capsys.readouterr().err == f"waiting for worker 1 at {address(partner)}\n"


def test_a_port_that_is_taken(partner, monkeypatch):
    config = json.loads(os.environ["TF_CONFIG"])
    config["cluster"]["worker"][0] = address(partner)
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    partner.listen()
    with pytest.raises(errors.InputError, match="Address already in use; stop the"):
        workers.await_partners(timeout=60)


@pytest.mark.parametrize(
    ("error", "message", "reason"),
    [
        (
            tf.errors.UnavailableError,
            "recvmsg:Connection reset by peer, target /job:worker/replica:0/task:1",
            "connection reset",
        ),
        (
            tf.errors.AbortedError,
            "from /job:worker/replica:0/task:0: stopped sending heartbeats",
            "it gives no sign of life",
        ),
        (tf.errors.CancelledError, "Graph execution error:", "it does not answer"),
    ],
)
def test_one_that_is_lost_is_named(partner, monkeypatch, error, message, reason):
    monkeypatch.setattr(workers, "is_cluster", lambda strategy: True)
    with (
        pytest.raises(errors.PartnerLost) as caught,
        workers.name_the_lost(tf.distribute.get_strategy(), "Start again"),
    ):
        raise error(None, None, message)
    assert str(caught.value) == (
        f"worker 1 at {address(partner)} is gone: {reason}. Start again"
    )


@pytest.mark.parametrize(
    ("cause", "message", "is_loss"),
    [
        (tf.errors.UnavailableError, "Collective ops is aborted by: ...", True),
        (tf.errors.InternalError, "from /job:worker/task:1: ...", True),
        (tf.errors.InternalError, "a kernel failed", False),
        (tf.errors.DataLossError, "/job:worker/task:0/device:CPU:0: corrupted", False),
    ],
)
def test_what_a_loss_causes_is_told_as_that(
    partner, monkeypatch, cause, message, is_loss
):
    """Else the batches, or the network that is being built, would seem at fault."""
    monkeypatch.setattr(workers, "is_cluster", lambda strategy: True)
    with (
        pytest.raises(errors.InputError) as caught,
        workers.name_the_lost(tf.distribute.get_strategy(), "Start again"),
    ):
        try:
            raise cause(None, None, message)
        except tf.errors.OpError as error:
            raise errors.InputError("reading failed") from error
    assert isinstance(caught.value, errors.PartnerLost) == is_loss
    start = f"worker 1 at {address(partner)} is gone: " if is_loss else "reading failed"
    assert str(caught.value).startswith(start)


@pytest.mark.parametrize("answers", [True, False])
def test_one_that_is_lost_while_the_servers_start(partner, monkeypatch, capfd, answers):
    monkeypatch.setattr(workers, "_START_PATIENCE", 0.1)
    monkeypatch.setattr(workers, "_PAUSE", 0.05)
    if answers:
        partner.listen()
    waiting = os.fork()
    if not waiting:
        try:
            with workers.watch_the_start():
                time.sleep(1 if answers else 60)
        finally:
            os._exit(0)
    _, status = os.waitpid(waiting, 0)
    assert os.waitstatus_to_exitcode(status) == (0 if answers else -signal.SIGKILL)
    line = (
        f"error: worker 1 at {address(partner)} is gone: it does not answer. Start all"
    )
    assert capfd.readouterr().err == ("" if answers else f"{line} again\n")


def test_where_there_is_no_other_an_error_stays_what_it_is():
    with (
        pytest.raises(tf.errors.InternalError),
        workers.name_the_lost(tf.distribute.get_strategy(), "Start again"),
    ):
        raise tf.errors.InternalError(None, None, "broken")


@pytest.mark.parametrize("asked", [True, False])
def test_a_worker_alone_agrees_with_itself(asked):
    agreement = workers.Agreement(tf.distribute.get_strategy())
    agreement.meet()
    assert agreement.asks_any(asked) == asked


def test_a_worker_alone_has_all_and_sums_up_what_it_has():
    strategy = tf.distribute.get_strategy()
    counts = np.arange(3)
    assert workers.get_share(strategy) == (0, 1)
    assert workers.sum_over(strategy, counts) == (counts,)
