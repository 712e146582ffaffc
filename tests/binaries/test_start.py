"""How every program starts TensorFlow."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PROGRAM = """
import os, sys
import eval, slimnets
from slimnets.inference import evaluator
from slimnets.inference import exporter
from slimnets.inference import features
from slimnets.training import trainer
print("keras" in sys.modules, "TF_USE_LEGACY_KERAS" in os.environ)
print([name for name in sys.modules if name.startswith("sklearn")])
import sklearn.metrics
"""


def test_programs_start_quietly_without_what_they_do_not_need():
    pytest.importorskip("sklearn", reason="needs scikit-learn, so as not to import it")
    started = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert started.stdout == "False False\n[]\n"
    assert started.stderr == ""
