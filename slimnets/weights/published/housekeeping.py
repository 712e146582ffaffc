"""The user's cache, filled, checked and emptied: published weights, and datasets."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from slimnets import errors, folder_lock, user_cache
from slimnets.checkpoints import finding
from slimnets.weights.published import cache, checkpoint, words

_UNFINISHED = ("unfinished-", "replaced-")  # folders that a killed process left


def fetch(name: str, network: str | None) -> str:
    """Downloads and converts weights; returns the checkpoint's path.

    Args:
      name: a word as --checkpoint_path takes it, or a URL.
      network: its name, or None where the word says it.

    Raises:
      InputError: there are no such weights, or they are not to be had.
    """
    found = words.find_weights(name, network)
    if found is None:
        raise errors.InputError(
            f"no published weights are called {name!r}; `slimnets weights list` shows"
            " their names"
        )
    return finding.require(words.get_first(found, print))


def verify() -> tuple[int, list[str]]:
    """Compares what is in the cache with its hashes.

    Returns:
      How many files are right, and a line for each that is not.
    """
    right, faults = 0, []
    for path in _list_unreadable():
        faults.append(f"{path} cannot be read: remove it")
    for file, sha256 in _list_hashed():
        if not file.is_file():
            faults.append(f"{file} is missing")
        elif cache.hash_file(file) != sha256:
            faults.append(f"{file} was changed: remove it, and it is made anew")
        else:
            right += 1
    return right, faults


def _list_hashed() -> Iterator[tuple[Path, str]]:
    """Yields each file of the cache that has a hash, with it."""
    home = user_cache.get_home()
    for noted in cache.list_files(home / "hashes"):
        content = _read_noted(noted)
        file = cache.locate_download(content["url"]) if content else noted
        if content and file.exists():  # it may have been cleaned away
            yield file, content["sha256"]
    for card in (home / "checkpoints").rglob(checkpoint.CARD):
        made = checkpoint.read_card(card.parent)
        for name, sha256 in (made.files if made else {}).items():
            yield card.parent / name, sha256


def _list_unreadable() -> Iterator[Path]:
    """Yields the files of hashes that say nothing."""
    home = user_cache.get_home()
    for noted in cache.list_files(home / "hashes"):
        if _read_noted(noted) is None:
            yield noted
    for card in sorted((home / "checkpoints").rglob(checkpoint.CARD)):
        if checkpoint.read_card(card.parent) is None:
            yield card


def _read_noted(path: Path) -> dict[str, str] | None:
    """Returns the URL and the SHA-256 that a file of hashes has; None if none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        noted = {name: content[name] for name in ("url", "sha256")}
        cache.locate_download(noted["url"])
        return noted
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def clean(everything: bool = False) -> str:
    """Removes what is made anew when it is needed; returns what was freed.

    That is downloads, converted datasets and what killed processes left.
    Hashes stay, so that a later download is still compared with the first.

    Args:
      everything: remove the checkpoints too.
    """
    home = user_cache.get_home()
    made = home / "checkpoints"
    left = [path for path in made.rglob("*") if path.name.startswith(_UNFINISHED)]
    again = [home / "downloads", home / "datasets"]
    folders = [*again, *([made] if everything else left)]
    freed = sum(_remove(folder) for folder in folders)
    return f"{freed / 1e6:,.1f} MB freed in {home}"


def _remove(folder: Path) -> int:
    """Removes a folder; returns how many bytes it had.

    Raises:
      InputError: a process is at work in it, or it cannot be removed.
    """
    for file in folder.rglob(folder_lock.FILE):
        with folder_lock.lock(file.parent, "cleaning"):
            pass
    size = sum(file.stat().st_size for file in cache.list_files(folder))
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise errors.InputError(
            f"cannot remove {error.filename or folder}: {error.strerror or error}"
        ) from error
    return size
