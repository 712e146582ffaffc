"""Starts contenders, each in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from benchmarks.finetuning.task import Task, Training


class Failed(Exception):
    """A contender could not do its task; the message says why."""


def run(name: str, task: Task, pythons: Mapping[str, str]) -> Training:
    """Lets a contender do a task.

    Args:
      name: of the contender.
      task: what to do; its train_dir is replaced by a folder that is gone afterwards.
      pythons: by contender, another Python than this one to run it with.

    Raises:
      Failed: the process ended without an answer.
    """
    python = pythons.get(name) or sys.executable
    command = [python, "-m", "benchmarks.finetuning.worker", name]
    with tempfile.TemporaryDirectory() as folder:
        own = task.in_folder(folder)
        done = subprocess.run(
            [*command, own.write()],
            env=_as_started_by_hand(),
            capture_output=True,
            text=True,
        )
    if done.returncode or not done.stdout.strip():
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        last = lines[-1] if lines else f"ended with status {done.returncode}"
        raise Failed(f"{name}: {last}")
    answer = json.loads(done.stdout.splitlines()[-1])
    top1 = {int(step): share for step, share in answer["top1"].items()}
    return Training(answer["images_per_second"], top1)


def _as_started_by_hand() -> dict[str, str]:
    """Returns the environment without what slimnets set for TensorFlow in this one."""
    return {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
