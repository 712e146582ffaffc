"""The command `slimnets`, in a checkout; tests/test_packaging.py has it installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from slimnets import commands

PROJECT = Path(__file__).parent.parent


def run(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "slimnets", *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )


def test_every_program_has_a_subcommand():
    files = {
        f"{folder}.{path.stem}"
        for folder in ("train", "eval")
        for path in (PROJECT / folder).glob("[!_]*.py")
    }
    files.add("slimnets.upgrade.__main__")
    assert sorted(commands.PROGRAMS.values()) == sorted(files)


@pytest.mark.parametrize("name", commands.PROGRAMS)
def test_a_program_helps_in_terms_of_slimnets(name):
    text = run(name, "--help").stdout
    assert f"slimnets {name} " in text
    assert "python -m" not in text


def test_an_unknown_command_is_a_line_with_the_nearest_names():
    done = run("trian")
    assert done.returncode == 2
    assert done.stderr.startswith("error: unknown command 'trian'; did you mean train")
    assert done.stderr.count("\n") == 1


def test_a_program_gets_its_flags():
    done = run("convert", "--imags=photos")
    assert done.returncode == 1
    assert "Unknown command line flag 'imags'" in done.stderr
