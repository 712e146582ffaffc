"""A file that two names lead to is one module."""

import importlib
import sys

import pytest

import slimnets
from slimnets import module_alias


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Returns a folder of modules, known as slimnets.aliased and as aliased."""
    folder = tmp_path / "aliased"
    folder.mkdir()
    for module in ("__init__", "first", "second"):
        (folder / f"{module}.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(slimnets, "__path__", [*slimnets.__path__, str(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    importlib.invalidate_caches()
    module_alias.install()
    yield folder
    for name in [name for name in sys.modules if "aliased" in name]:
        del sys.modules[name]


def test_a_module_loaded_under_either_name_is_found_under_the_other(folder):
    short, full = (
        importlib.import_module(f"{p}aliased.first") for p in ("", "slimnets.")
    )
    assert short is full
    full, short = (
        importlib.import_module(f"{p}aliased.second") for p in ("slimnets.", "")
    )
    assert short is full and short.__name__ == "slimnets.aliased.second"


def test_another_folder_of_that_name_is_left_alone(folder, tmp_path, monkeypatch):
    other = tmp_path / "elsewhere" / "aliased"
    other.mkdir(parents=True)
    (other / "__init__.py").touch()
    (other / "first.py").write_text("theirs = True\n")
    full = importlib.import_module("slimnets.aliased.first")
    monkeypatch.syspath_prepend(other.parent)
    assert importlib.import_module("aliased.first") is not full


def test_installing_it_again_changes_nothing(folder):
    before = list(sys.meta_path)
    module_alias.install()
    assert sys.meta_path == before
