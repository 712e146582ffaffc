"""Keeps two processes from writing into one folder at the same time."""

import contextlib
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from slimnets import errors

FILE = ".lock"


@contextlib.contextmanager
def lock(
    folder: Path, work: str, wait: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Holds a folder while something is written into it.

    The system lets go of it when the process ends, however it ends. Where a file
    system knows no locks, nothing is held.

    Args:
      folder: an existing folder; a file in it is there as long as it is held.
      work: what is done there, such as "training".
      wait: wait while another process holds it, after giving this the line that says
        so; None does not wait.

    Raises:
      InputError: another process holds it and `wait` is None; the line says which.
    """
    path = folder / FILE
    file = _acquire(path, wait)
    try:
        if file is not None:
            file.write(f"{work} by process {os.getpid()} on {socket.gethostname()}")
            file.flush()
        yield
    finally:
        if file is not None:
            path.unlink(missing_ok=True)
            file.close()


def find_holder(folder: Path) -> str | None:
    """Returns what another process does in a folder, if one holds it; writes nothing.

    Args:
      folder: an existing folder.

    Returns:
      Such as "training by process 7 on here"; None where nobody holds it.
    """
    try:
        with open(folder / FILE, encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return (folder / FILE).read_text(encoding="utf-8") or "another process"
    except OSError:  # there is none, or no lock is known here
        pass
    return None


def _acquire(path: Path, wait: Callable[[str], None] | None) -> IO[str] | None:
    """Returns the file, locked and empty; None where there are no locks."""
    while True:
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 - it stays open
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read() or "another process"
            if wait is None:
                file.close()
                raise errors.InputError(
                    f"{path.parent} is being written already: {holder}; wait until that"
                    " ends, or give another folder"
                ) from error
            wait(f"waiting for another process: {holder}")
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            file.close()
            return None
        if _is_at(path, file):
            file.truncate(0)
            return file
        file.close()  # its holder removed it in between


def _is_at(path: Path, file: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
