"""Copies a program's folder, with its Python files rewritten."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from slimnets import errors
from slimnets.upgrade.own_modules import OwnModules
from slimnets.upgrade.report import Note, Report

REPORT = "upgrade_report.txt"
_SKIPPED = {".git", ".hg", ".svn", "__pycache__"}


def upgrade(source: Path, output: Path) -> Report:
    """Writes a program as it has to be for slimnets into a folder of its own.

    Args:
      source: the program's folder, or one file. Nothing is written into it.
      output: a folder that is not there yet, or is empty. It appears when it is whole.

    Returns:
      The report, which also lies in the folder.

    Raises:
      InputError: there is no such program, `output` is no place for the new one, or
        libcst is not installed.
    """
    errors.import_extra("libcst", "upgrade")
    _check(source, output)
    base = source if source.is_dir() else source.parent
    files = sorted(_list(base)) if source.is_dir() else [Path(source.name)]
    report = Report(files=len(files))
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=f".{output.name}.", dir=output.parent
    ) as scratch:
        folder = Path(scratch, output.name)
        folder.mkdir()
        _copy_all(base, files, folder, report)
        (folder / REPORT).write_text(report.format(), "utf-8", "backslashreplace")
        os.replace(folder, output)
    return report


def _check(source: Path, output: Path) -> None:
    if not source.exists():
        raise errors.InputError(f"{source}: no such file or folder")
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise errors.InputError(
            f"{output} is there already: give an --output that is not, or is empty"
        )
    inside, outside = output.resolve(), source.resolve()
    if inside == outside or outside in inside.parents:
        raise errors.InputError(
            f"{output} lies in {source}, which is to stay as it is: give an --output"
            " outside of it"
        )


def _list(base: Path) -> Iterator[Path]:
    """Yields the files below a folder, and the links to folders, relative to it."""

    def fail(error: OSError) -> None:
        raise error

    for parent, folders, files in os.walk(base, onerror=fail):
        here = Path(parent).relative_to(base)
        links = [name for name in folders if Path(parent, name).is_symlink()]
        folders[:] = sorted(set(folders) - _SKIPPED - set(links))
        yield from (here / name for name in (*links, *files) if here / name != _REPORT)


_REPORT = Path(REPORT)


def _copy_all(base: Path, files: list[Path], folder: Path, report: Report) -> None:
    from slimnets.upgrade import rewriting

    own = OwnModules(base, files)
    for file in files:
        old, new = base / file, folder / file
        new.parent.mkdir(parents=True, exist_ok=True)
        if old.is_symlink() and not old.is_file():
            _copy_link(base, file, new, report)
        elif not old.is_file():
            report.left.add(Note(file, 0, "no file but a device or pipe; left out"))
        elif file.suffix == ".py":
            before = old.read_bytes()
            after = rewriting.rewrite(before, file, own, report)
            new.write_bytes(after)
            shutil.copymode(old, new)
            report.rewritten += before != after
        else:
            shutil.copy2(old, new)
            _note_other(file, old, report)


def _copy_link(base: Path, file: Path, new: Path, report: Report) -> None:
    """Copies a link to a folder: it leads to the copy, or to where it led."""
    target = (base / file).resolve()
    if base.resolve() in target.parents:
        below = folder_of(new, file) / target.relative_to(base.resolve())
        new.symlink_to(os.path.relpath(below, new.parent))
        return
    new.symlink_to(target)
    report.left.add(
        Note(file, 0, f"a link to {target}, which was not moved over: move that, too")
    )


def folder_of(path: Path, file: Path) -> Path:
    """Returns the folder that `file` is relative to in `path`."""
    return path.parents[len(file.parts) - 1]


def _note_other(file: Path, path: Path, report: Report) -> None:
    """Notes what would have to be changed, but is no Python file."""
    if file.suffix == ".ipynb" and b"tensorflow" in path.read_bytes():
        remedy = "write it as a script by jupyter nbconvert --to script, and move that"
        report.left.add(Note(file, 0, f"a notebook, copied as it is: {remedy}"))
    elif file.suffix == ".pyx":
        report.left.add(Note(file, 0, "has to be compiled by Cython"))
    elif file.suffix == ".so":
        report.left.add(Note(file, 0, "compiled for another Python: build it again"))
