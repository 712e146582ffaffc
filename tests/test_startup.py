"""How programs start TensorFlow, and that nothing does so by being imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from slimnets import startup
from slimnets.config.train import TrainConfig

PROJECT = Path(__file__).parents[1]
PROGRAMS = sorted(
    f"{folder}.{path.stem}"
    for folder in ("train", "eval", "benchmarks")
    for path in (PROJECT / folder).glob("*.py")
)


def run(program: str, *words: str) -> subprocess.CompletedProcess:
    """Runs a Python program in a process of its own, to its end."""
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )


def test_importing_programs_changes_nothing_and_brings_no_tensorflow():
    program = """
import importlib, os, sys
from absl import flags
before = dict(os.environ)
for name in sys.argv[1:]:
    importlib.import_module(name)
    for flag in [*flags.FLAGS]:  # programs share names of flags, and run alone
        delattr(flags.FLAGS, flag)
print(dict(os.environ) == before, "tensorflow" in sys.modules)
"""
    ended = run(program, *PROGRAMS)
    assert ended.stdout == "True False\n", ended.stderr


def test_a_flag_of_any_length_is_refused_in_a_line(capsys):
    with pytest.raises(SystemExit) as ending:
        startup._parse_flags(["train", f"--model{'[' * 999}"], None)
    assert ending.value.code == 2
    assert (
        capsys.readouterr().err == "error: a flag has an unknown name of great length\n"
    )


def test_tensorflow_starts_quietly_without_what_programs_do_not_need():
    pytest.importorskip("sklearn", reason="needs scikit-learn, so as not to import it")
    program = """
import os, sys
from slimnets import startup
from slimnets.config.train import TrainConfig
startup.start_tensorflow()
from slimnets.inference import evaluator, exporter, features
from slimnets.training import trainer
print("keras" in sys.modules, "TF_USE_LEGACY_KERAS" in os.environ)
print([name for name in sys.modules if name.startswith("sklearn")])
print(os.environ["TF_ENABLE_ONEDNN_OPTS"])
import sklearn.metrics
"""
    ended = run(program)
    assert ended.stdout == "False False\n[]\n1\n"
    assert ended.stderr == ""


def test_a_tensorflow_that_runs_already_is_left_alone(monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    startup.start_tensorflow()  # pytest's process has imported it
    assert "TF_ENABLE_ONEDNN_OPTS" not in startup.os.environ


def test_bad_input_is_one_line_and_status_2():
    ended = run(
        "from slimnets import errors, startup\n"
        "def main(argv): raise errors.InputError(f'no {argv[1]}')\n"
        "startup.run(main, ['program', 'file'])"
    )
    assert (ended.returncode, ended.stderr) == (2, "error: no file\n")


def test_help_ends_well_and_shows_what_most_people_use(capsys, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__doc__", "Trains.")
    with pytest.raises(SystemExit) as ending:
        startup._parse_flags(["train", "--model=lenet", "--help"], TrainConfig)
    assert ending.value.code == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Trains.\n\nGeneral:\n  --model: ")
    assert 20 <= printed.count("\n  --") <= 40
    assert "--adagrad_initial_accumulator_value" not in printed
