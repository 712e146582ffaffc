"""Waiting for what a program that runs beside the test does."""

import subprocess
import time
from pathlib import Path

PATIENCE = 900  # seconds; spent only where something hangs


def wait_for(path: Path, program: subprocess.Popen) -> None:
    """Waits until a file is there."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert program.poll() is None, program.communicate()[1]
        assert time.monotonic() < end, f"no {path}"
        time.sleep(0.05)
