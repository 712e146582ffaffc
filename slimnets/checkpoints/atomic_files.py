"""Writing results: folders are checked before the work, files whole or absent."""

import contextlib
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

UNFINISHED = ".unfinished"  # behind the name of a file that is being written

# Of file systems that cannot sync a folder, or anything.
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP)


def make_writable(folder: Path) -> None:
    """Makes a folder if it is missing, and checks that it can be written.

    Raises:
      OSError: nothing can be written there; its strerror says why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Writes values as JSON, atomically.

    Raises:
      OSError: it cannot be written; nothing is left then.
    """
    write_text(path, json.dumps(values, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a text file, atomically, on the disk before it bears its name.

    Raises:
      OSError: it cannot be written, with its path; nothing is left then.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file as `write_text` does.

    Raises:
      OSError: it cannot be written, with its path; nothing is left then.
    """
    with replace_file(path) as unfinished:
        unfinished.write_bytes(content)


@contextlib.contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Yields a text file to write, which bears its name at the end, on the disk.

    If an exception is raised before, the file is left as it was.

    Raises:
      OSError: it cannot be written, with its path; nothing is left then.
    """
    with (
        replace_file(path) as unfinished,
        open(unfinished, "w", encoding="utf-8", newline="") as stream,
    ):
        yield stream


@contextlib.contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yields the path of a file to write that replaces `path` at the end, on the disk.

    If an exception is raised before, `path` is left as it was.

    Raises:
      OSError: it cannot be written, with its path; nothing is left then.
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        yield unfinished
        sync(unfinished)
        os.replace(unfinished, path)
    except OSError as error:  # that of a full disk does not name its file
        reason = error.strerror or str(error)
        raise OSError(error.errno, reason, str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)
    sync(path.parent)


def sync(path: str | Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk.

    Else a machine that loses power may keep the new name of a file and not its content.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def replace_folder(folder: Path) -> Iterator[Path]:
    """Yields an empty folder to fill, which replaces `folder` at the end.

    If an exception is raised before, `folder` is left as it was.
    """
    unfinished = folder.with_name(f"unfinished-{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        replaced = folder.with_name(f"replaced-{folder.name}")
        shutil.rmtree(replaced, ignore_errors=True)
        if folder.exists():
            folder.rename(replaced)
        unfinished.rename(folder)
        shutil.rmtree(replaced, ignore_errors=True)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
