"""Programs of a few lines, written for these tests, and what they become."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from slimnets.upgrade import tree
from slimnets.upgrade.report import Report


@dataclass(frozen=True)
class Moved:
    """A program that was moved over."""

    folder: Path
    report: Report

    def read(self, name: str = "net.py") -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    @property
    def left(self) -> list[str]:
        return [str(note) for note in sorted(self.report.left)]


@pytest.fixture
def move(tmp_path: Path) -> Callable[..., Moved]:
    """Moves a program over, given as the text of net.py and of other files by name."""

    def run(source: str, files: dict[str, str] | None = None) -> Moved:
        for name, text in {"net.py": source, **(files or {})}.items():
            path = tmp_path / "old" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        report = tree.upgrade(tmp_path / "old", tmp_path / "new")
        return Moved(tmp_path / "new", report)

    return run
