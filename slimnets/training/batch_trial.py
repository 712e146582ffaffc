"""Trying out one batch size in a process of its own.

Running out of memory then ends that process and not the run.
"""

import multiprocessing
import signal
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from slimnets import errors, hardware, startup
from slimnets.config.train import TrainConfig

# How a process ends: Linux kills what takes the last memory; what is denied it aborts.
_OUT_OF_MEMORY = (-signal.SIGKILL, -signal.SIGABRT)


class Trial(NamedTuple):
    """What a batch size came to.

    Attributes:
      batch_size: images a step, over all replicas together.
      images_per_second: at the fastest of the timed steps.
      gigabytes: most memory held, of the fullest GPU or of the process; None: unknown.
      available: gigabytes that the process could have; None where TensorFlow itself
        says when memory ends (a GPU), or nobody knows.
      examples: in an epoch; a batch does not grow beyond that.
    """

    batch_size: int
    images_per_second: float
    gigabytes: float | None
    available: float | None
    examples: int


class OutOfMemory(Exception):
    """A batch size does not fit."""


def measure_apart(config: TrainConfig) -> Trial:
    """Tries the batch size of a configuration in a process of its own.

    Raises:
      OutOfMemory: it does not fit.
      InputError: a setting is at fault.
    """
    # Not forked: TensorFlow's threads would be missing in the copy.
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(config, sender), daemon=True)
    process.start()
    sender.close()  # or the end of the process would not end the pipe
    try:
        answer = receiver.recv()
    except EOFError:
        answer = None
    process.join()
    if isinstance(answer, Exception):
        raise answer
    if answer is None and process.exitcode not in _OUT_OF_MEMORY:
        raise errors.InputError(
            f"--batch_size=auto: trying {config.data.batch_size} ended with status"
            f" {process.exitcode}; in a script, train under if __name__ == '__main__',"
            " or give a number"
        )
    if answer is None:
        raise OutOfMemory
    return answer


def _answer(config: TrainConfig, sender: Connection) -> None:
    """Tries a batch size and sends the trial, or what went wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    hardware.prefer_oom_kill()
    startup.start_tensorflow()  # or the import below would bring it, untuned and loud
    from slimnets.training import step_time

    try:
        answer: Any = step_time.measure(config)
    except errors.out_of_memory_types():
        answer = OutOfMemory()
    except errors.InputError as error:
        answer = error
    sender.send(answer)
