"""The files under a folder, as the person who filled it would count them.

Links are followed wherever they lead. What systems leave behind does not count: hidden
files, thumbnails of Windows and of network drives, what macOS adds to archives; nor do
pictures that `slimnets classify --explain` wrote beside photos.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

EXPLAINED = ".explained.png"  # behind the name of a photo, as --explain writes it

_LEFT_BEHIND = frozenset({"thumbs.db", "desktop.ini", "@eadir", "__macosx"})

_Identity = tuple[int, int]  # of a folder: its device and its inode


class File(NamedTuple):
    """A file under a folder; `fault` says why it cannot be read, '' if it can."""

    path: Path
    fault: str = ""


def is_users_file(name: str) -> bool:
    """Whether a file or folder of this name is one that a person put there."""
    name = name.lower()
    return not (
        name.startswith(".") or name.endswith(EXPLAINED) or name in _LEFT_BEHIND
    )


def list_subfolders(folder: Path) -> list[Path]:
    """Returns the folders in a folder, links to folders among them, sorted."""
    return [path for path in _list_children(folder) if path.is_dir()]


def list_files(folder: Path) -> list[File]:
    """Returns all files under a folder and its subfolders, sorted within each.

    A link to nothing, a pipe, a socket and a folder that cannot be opened are among
    them, each with its fault. A link back to a folder that it lies in is passed over.
    """
    return list(_walk(folder, ()))


def _walk(folder: Path, around: tuple[_Identity, ...]) -> Iterator[File]:
    """Yields the files under a folder; `around` are the folders that it lies in."""
    try:
        status = folder.stat()
        children = _list_children(folder)
    except OSError as error:
        yield File(folder, f"cannot be opened: {error.strerror}")
        return
    identity = (status.st_dev, status.st_ino)
    if identity in around:
        return
    for path in children:
        if path.is_dir():
            yield from _walk(path, (*around, identity))
        else:
            yield File(path, find_fault(path))


def _list_children(folder: Path) -> list[Path]:
    return [folder / name for name in sorted(os.listdir(folder)) if is_users_file(name)]


def find_fault(path: Path) -> str:
    """Says why a path is none of a file that can be opened; '' if it is."""
    if os.path.isfile(path):
        return ""
    if os.path.islink(path) and not os.path.exists(path):
        return f"a link to {os.readlink(path)}, which is not there"
    if not os.path.exists(path):
        return "there is no such file"
    if os.path.isdir(path):
        return "a folder, not a file"
    return "not a file but a pipe, a socket or a device"
