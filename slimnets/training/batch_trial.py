"""Measuring one batch size in a subprocess.

Running out of memory then ends the subprocess and not the run.
"""

import contextlib
import multiprocessing
import signal
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from slimnets import errors, hardware, startup
from slimnets.config.train import TrainConfig

# How running out of memory ends a process: Linux kills it, or it aborts itself.
_OUT_OF_MEMORY = (-signal.SIGKILL, -signal.SIGABRT)


class Trial(NamedTuple):
    """What was measured for a batch size.

    Attributes:
      batch_size: images a step, over all replicas together.
      images_per_second: of the fastest timed step.
      gigabytes: peak memory of the fullest GPU, or of the process; None if unknown.
      available: gigabytes that the process could use; None on a GPU, where TensorFlow
        raises an error when memory runs out, or if unknown.
      examples: in an epoch, the largest useful batch.
    """

    batch_size: int
    images_per_second: float
    gigabytes: float | None
    available: float | None
    examples: int


class OutOfMemory(Exception):
    """A batch size does not fit."""


def measure_in_subprocess(config: TrainConfig) -> Trial:
    """Measures the batch size of a configuration in a subprocess.

    Raises:
      OutOfMemory: it does not fit.
      InputError: a setting is at fault.
    """
    # Not forked: TensorFlow's threads would be missing in the copy.
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run_trial, args=(config, sender), daemon=True)
    try:
        process.start()
        sender.close()  # or the end of the process would not end the pipe
        answer = receiver.recv()
        process.join()
    except EOFError:
        process.join()
        answer = None
    finally:  # whatever ends this one
        if process.pid is not None:
            process.kill()
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


def _run_trial(config: TrainConfig, sender: Connection) -> None:
    """Runs in the subprocess: measures and sends the trial, or what went wrong."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent's to answer
        signal.signal(number, signal.SIG_IGN)
    hardware.end_with_parent()
    hardware.prefer_oom_kill()
    startup.start_tensorflow()  # or the import below would bring it, untuned and loud
    from slimnets.training import step_time

    try:
        answer: Any = step_time.measure(config)
    except errors.get_out_of_memory_types() as error:
        full = errors.is_disk_full(error)
        answer = errors.describe_exhaustion(error) if full else OutOfMemory()
    except errors.InputError as error:
        answer = error
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        sender.send(answer)
