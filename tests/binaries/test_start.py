"""How every program starts TensorFlow."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PROGRAM = """
import os, sys
import eval, slimnets
from slimnets.runtime import evaluator, exporter, features, trainer
print("keras" in sys.modules, "TF_USE_LEGACY_KERAS" in os.environ)
"""


def test_programs_start_without_keras_and_quietly():
    started = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert started.stdout == "False False\n"
    assert started.stderr == ""
