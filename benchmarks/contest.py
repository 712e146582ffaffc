"""Contenders measured in turns, so that a change of the machine's speed hits all."""

import json
import os
import selectors
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from benchmarks.work import Work

PATIENCE = 900.0  # seconds that a contender may take for one answer


class Failed(Exception):
    """A contender could not do the work; the message says why."""


class Contender:
    """A peer in one setting at some work, in a process of its own.

    Attributes:
      peer: a name of benchmarks.peers.
      setting: one of the peer's.
      work: what it does.
      first_step: seconds from the start of the process to the end of the first step.
      megabytes: most memory that it held so far.
      rates: images per second of each turn.
    """

    def __init__(self, peer: str, setting: str, work: Work):
        """Starts the process and waits for its first step.

        Raises:
          Failed: it ended, or took more than PATIENCE seconds.
        """
        self.peer, self.setting, self.work = peer, setting, work
        self.rates: list[float] = []
        self.megabytes = 0.0
        self._stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by close
        command = [sys.executable, "-m", "benchmarks.worker", peer, setting]
        self._process = subprocess.Popen(
            [*command, json.dumps(vars(work)), str(time.monotonic())],
            env=_as_started_by_hand(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )
        self.first_step = self._answer()["first_step"]

    def __str__(self) -> str:
        return f"{self.peer} ({self.setting})"

    def turn(self, seconds: float) -> None:
        """Lets it work for some seconds and notes its rate.

        Raises:
          Failed: it ended, or does not answer.
        """
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        answer = self._answer()
        images = answer["steps"] * self.work.batch_size
        self.rates.append(images / answer["seconds"])

    @property
    def rate(self) -> float:
        """Images per second: the median of its turns."""
        return statistics.median(self.rates)

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._stderr.close()

    def _answer(self) -> dict[str, float]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            late = not selector.select(PATIENCE)
        line = "" if late else self._process.stdout.readline()
        if not line:
            reason = f"no answer in {PATIENCE:.0f} s" if late else self._last_words()
            self.close()
            raise Failed(f"{self}: {reason}")
        answer = json.loads(line)
        self.megabytes = answer["megabytes"]
        return answer

    def _last_words(self) -> str:
        """Returns why the process ended: the last line that it wrote, or its signal."""
        status = self._process.wait()
        self._stderr.seek(0)
        lines = [line.strip() for line in self._stderr if line.strip()]
        if status == -9:
            return "out of memory (killed by the system)"
        return lines[-1] if lines else f"ended with status {status}"


def _as_started_by_hand() -> dict[str, str]:
    """Returns the environment without what slimnets set for TensorFlow in this one."""
    return {k: v for k, v in os.environ.items() if not k.startswith("TF_")}


def race(contenders: Sequence[Contender], turns: int, seconds: float) -> None:
    """Lets all of them work in turns, `turns` times `seconds` each."""
    for _ in range(turns):
        for contender in contenders:
            contender.turn(seconds)


def fastest(
    peer: str,
    work: Work,
    settings: Sequence[str],
    seconds: float,
    say: Callable[[str], None],
) -> Contender:
    """Returns a peer in the setting that does the work fastest, started.

    Args:
      peer: a name of benchmarks.peers.
      work: what to do.
      settings: of the peer, to try.
      seconds: how long to try each.
      say: gets a line for each setting tried.

    Raises:
      Failed: it can do the work in none.
    """
    best, reasons = None, []
    for setting in settings:
        try:
            contender = Contender(peer, setting, work)
            race([contender], turns=2, seconds=seconds)
        except Failed as failed:
            reasons.append(str(failed))
            say(f"  {failed}")
            continue
        say(f"  {contender}: {contender.rates[-1]:.1f} images/s")
        if best is None or contender.rates[-1] > best.rates[-1]:
            best, contender = contender, best
        if contender is not None:
            contender.close()
    if best is None:
        raise Failed("; ".join(reasons) or f"{peer} has no setting for {work}")
    best.rates.clear()
    return best


def ratios(ours: Contender, theirs: Contender) -> list[float]:
    """Returns our rate over theirs, turn by turn, smallest first."""
    return sorted(a / b for a, b in zip(ours.rates, theirs.rates, strict=True))
