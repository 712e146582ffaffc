"""The other workers of a run: sums over them, agreeing with them, losing them."""

import contextlib
import re
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.distribution import parameter_servers, tpus
from slimnets.distribution.cluster import read_cluster

# What a collective op ends with when a worker is gone.
_LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
)
_WORD = 4  # bytes of an int32
_COLLECTIVE = re.compile(r"[Cc]ollective op|/job:\w+/(replica:\d+/)?task:\d")


def is_cluster(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether other processes run the same program beside this one.

    A TPU's machines run no Python of ours, and where there are servers of parameters,
    the chief alone runs the program.
    """
    if tpus.is_on_tpu(strategy) or parameter_servers.has_servers(strategy):
        return False
    resolver = strategy.cluster_resolver
    return resolver is not None and bool(resolver.cluster_spec().as_dict())


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
    own, others = read_cluster()
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


def gather_bytes(strategy: tf.distribute.Strategy, content: bytes) -> list[bytes]:
    """Returns what each worker gives, in their order; all have to call this together.

    It is a sum as well, of whole numbers: each has its own place among zeros.

    Args:
      strategy: of the run.
      content: this worker's, of any length.
    """
    index, count = get_share(strategy)
    lengths = np.zeros([count], np.int64)
    lengths[index] = len(content)
    [lengths] = sum_over(strategy, lengths)
    ends = np.cumsum(-(-lengths // _WORD))  # each begins with a whole number
    begins = ends - -(-lengths // _WORD)
    whole = np.zeros([ends[-1]], np.int32)
    padded = content + bytes(-len(content) % _WORD)
    whole[begins[index] : ends[index]] = np.frombuffer(padded, np.int32)
    [whole] = sum_over(strategy, whole)
    return [
        whole[begin:end].tobytes()[:length]
        for begin, end, length in zip(begins, ends, lengths, strict=True)
    ]


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
    _, others = read_cluster()
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
