"""slimnets as it was at commit 27c8270, in float32, from this repository's history."""

import atexit
import importlib.util
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.work import INPUT, Work

COMMIT = "27c8270"
_REPOSITORY = Path(__file__).parents[2]


def settings(work: Work) -> list[str]:
    """Float32, by TensorFlow; none where the history lacks the commit."""
    found = subprocess.run(
        ["git", "-C", _REPOSITORY, "cat-file", "-e", f"{COMMIT}^{{commit}}"],
        capture_output=True,
    )
    return [] if work.mode == INPUT or found.returncode else ["tensorflow"]


def start(work: Work, setting: str) -> Callable[[], None]:
    """Returns a step of its own `run_slimnets`, which this process imports instead."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    archive = subprocess.run(
        ["git", "-C", _REPOSITORY, "archive", COMMIT, "slimnets", "benchmarks"],
        capture_output=True,
        check=True,
    )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder.name, filter="data")
    sys.path.insert(0, folder.name)
    place = Path(folder.name, "benchmarks/peers/run_slimnets.py")
    spec = importlib.util.spec_from_file_location("run_slimnets_before", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.start(work, setting)
