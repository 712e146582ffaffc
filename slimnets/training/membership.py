"""Training with --strategy=parameter_server: the chief's others come, serve and end."""

import contextlib
import dataclasses
import os
import signal
import sys
from collections.abc import Callable

from slimnets.config.train import TrainConfig
from slimnets.distribution import chief, cluster, member
from slimnets.training.interruption import Interruption
from slimnets.training.loop import Outcome
from slimnets.training.resources import find_dataset

_TOLD = ("step", "checkpoint", "seconds", "loss", "interrupted", "left_out")


def is_member(config: TrainConfig) -> bool:
    """Returns whether this process is a ps or a worker, not the chief.

    Raises:
      InputError: TF_CONFIG is missing or broken.
    """
    cluster.check(config.devices.strategy)
    return member.is_member(config.devices)


def serve(
    config: TrainConfig, interruption: Interruption, log: Callable[[str], None]
) -> Outcome:
    """Serves the chief until it ends; returns what the run left.

    A worker that a signal ends ends the process, with 128 and the signal's number.

    Args:
      config: all settings.
      interruption: by which a worker ends, and a server asks the chief to end.
      log: gets the lines that tell how photos became a dataset.

    Raises:
      InputError: the chief did not come, or is gone; there is no such dataset.
    """
    if cluster.read_cluster()[0].kind == "worker":
        find_dataset(config, log)  # which may be photos that are to be converted
    interruption.begin_loop()

    def find_signal() -> int | None:
        return signal.Signals[interruption.by] if interruption.by else None

    try:
        outcome = member.serve(config.devices, find_signal)
    except member.Left as left:
        log(f"interrupted by {interruption.by}; the others go on without this worker")
        # TensorFlow's server is in the midst of a step: Python's usual end would crash.
        sys.stdout.flush()
        os._exit(int(str(left.code)))
    return Outcome(**outcome | {"left_out": tuple(outcome["left_out"])})


def gather(
    config: TrainConfig, interruption: Interruption, log: Callable[[str], None]
) -> contextlib.AbstractContextManager[chief.Members]:
    """Waits for all servers and workers, and watches them while it is open.

    Args:
      config: all settings.
      interruption: gets the signals of servers that were told to end.
      log: gets a line for each worker that is lost or comes back.

    Raises:
      InputError: one has not come, or the chief's port is taken.
    """

    def request_stop() -> None:
        interruption.by = interruption.by or signal.SIGTERM.name

    advice = (
        "Start all again: they resume from the last checkpoint in"
        f" {config.run.train_dir}"
    )
    return chief.gather(config.devices.rendezvous_timeout, request_stop, log, advice)


def end(members: chief.Members, outcome: Outcome) -> None:
    """Tells all servers and workers what the run left; they end with that."""
    values = dataclasses.asdict(outcome)
    members.end({name: values[name] for name in _TOLD})
