"""Workers that are awaited, that agree, and that are lost."""

import threading
from concurrent import futures

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.distribution import workers
from tests.distribution.partners import address


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


@pytest.mark.parametrize("contents", [[b"abcde", b"", b"xyz1"], [b"", b"\x00"]])
def test_what_each_worker_gives_comes_to_all(monkeypatch, contents):
    """Two or three threads are the workers; their sums meet at a barrier."""
    place = threading.local()
    barrier = threading.Barrier(len(contents))
    sent: dict[int, np.ndarray] = {}

    def sum_over(_, array):
        sent[place.index] = array
        barrier.wait()
        total = sum(sent[k] for k in range(len(contents)))
        barrier.wait()
        return [total]

    def give(index):
        place.index = index
        return workers.gather_bytes(None, contents[index])

    monkeypatch.setattr(workers, "get_share", lambda _: (place.index, len(contents)))
    monkeypatch.setattr(workers, "sum_over", sum_over)
    with futures.ThreadPoolExecutor(len(contents)) as pool:
        found = list(pool.map(give, range(len(contents))))
    assert found == [contents] * len(contents)
