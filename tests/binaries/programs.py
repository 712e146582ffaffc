"""Programs as users start them: in this process, or in one of their own.

One of its own is for what only a process shows: how a program starts, what a signal
does to it, several at a time. TensorFlow then starts once more, which takes seconds.
"""

import contextlib
import importlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from absl import app, flags

from slimnets import errors

ROOT = Path(__file__).parents[2]


class Ended(NamedTuple):
    """What came of a program: exit status, stdout and stderr."""

    status: int
    printed: str
    said: str


def start(module: str, *words: str, **environment: str) -> subprocess.Popen:
    """Starts `python -m module`; on CPUs, so that every machine does the same."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", module, *words],
        cwd=ROOT,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(module: str, *words: str) -> Ended:
    """Runs a program in this process, from reading its flags to its end."""
    printed, said = io.StringIO(), io.StringIO()
    status = 0
    with (
        _without_others_flags(),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(said),
    ):
        sys.modules.pop(module, None)  # so that it defines its flags now
        main = errors.report_errors(importlib.import_module(module).main)
        try:
            main(app.parse_flags_with_usage([module, *words]))
        except SystemExit as ending:
            status = int(ending.code or 0)
    return Ended(status, printed.getvalue(), said.getvalue())


@contextlib.contextmanager
def _without_others_flags() -> Iterator[None]:
    """Puts the flags of programs imported before aside: they have the same names."""
    before = _flags_of_programs()
    for name in before:
        delattr(flags.FLAGS, name)
    try:
        yield
    finally:
        for name in _flags_of_programs():
            delattr(flags.FLAGS, name)
        for name, flag in before.items():
            flags.FLAGS[name] = flag


def _flags_of_programs() -> dict[str, flags.Flag]:
    """Returns all flags by name but absl's own."""
    modules = {
        name: flags.FLAGS.find_module_defining_flag(name) for name in flags.FLAGS
    }
    return {
        name: flags.FLAGS[name]
        for name, module in modules.items()
        if module is None or not module.startswith("absl.")
    }
