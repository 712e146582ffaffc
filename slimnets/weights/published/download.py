"""Downloads one file: goes on where it was cut off, keeps it if its hash is right."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import requests

from slimnets import errors, folder_lock, user_cache
from slimnets.checkpoints import atomic_files
from slimnets.nets.published import PublishedWeights
from slimnets.weights.published import cache, transfer


class Unreachable(transfer.NotAvailable):
    """There is no network, or no way to the server."""


def get_file(weights: PublishedWeights, log: Callable[[str], None]) -> Path:
    """Returns the file of published weights, downloaded where it is not there yet.

    Args:
      weights: which; the hashes and the size that they state are checked, and where no
        SHA-256 is stated, that of the first download from this URL.
      log: gets the lines that tell what is downloaded.

    Raises:
      Unreachable: there is no network.
      NotAvailable: the server does not give it.
      InputError: its hash is wrong, or it cannot be written.
    """
    target = cache.locate_download(weights.url)
    shown = cache.hide_password(weights.url)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with folder_lock.lock(target.parent, f"downloading {target.name}", log):
            if not target.exists():
                _download(weights, target, log)
            _check(weights, target, target, log)
    except requests.ConnectionError as error:  # an OSError too
        raise _describe_no_network(weights.url, target, error) from error
    except (requests.RequestException, UnicodeError) as error:
        raise transfer.NotAvailable(
            f"{shown} is not to be had: {errors.summarize(error)}"
        ) from error
    except OSError as error:
        raise _describe_full(error, target) from error
    return target


def _download(
    weights: PublishedWeights, target: Path, log: Callable[[str], None]
) -> None:
    part = target.with_name(target.name + transfer.PART)
    log(f"downloading {cache.hide_password(weights.url)}")
    resumed = part.exists()
    try:
        transfer.fetch(weights.url, part)
        try:
            _check(weights, part, target, log)
        except errors.InputError:
            if not resumed:
                raise
            # What was there before may be of another file.
            transfer.fetch(weights.url, part)
            _check(weights, part, target, log)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            transfer.remove(part)
        raise
    atomic_files.sync(part)
    os.replace(part, target)
    transfer.locate_state(part).unlink(missing_ok=True)
    atomic_files.sync(target.parent)


def _check(
    weights: PublishedWeights, file: Path, target: Path, log: Callable[[str], None]
) -> None:
    """Compares a file's size and hashes; one that differs is removed.

    Raises:
      InputError: it is not what was published, or downloaded before.
    """
    size, sha256 = file.stat().st_size, cache.hash_file(file)
    shown = cache.hide_password(weights.url)
    if not size:
        transfer.remove(file)
        raise transfer.NotAvailable(f"{shown} is an empty file")
    pinned = _read_hashes(weights.url)
    wanted = weights.sha256 or pinned.get("sha256", "")
    md5 = cache.hash_file(file, "md5") if weights.md5 else ""
    faults = []
    if weights.size not in (None, size):
        faults.append(f"its size is {size:,} bytes, not {weights.size:,}")
    if not sha256.startswith(wanted.lower()):
        whose = "published" if weights.sha256 else "of its first download"
        faults.append(f"its SHA-256 is {sha256}, the one {whose} {wanted}")
    if md5 != weights.md5.lower():
        faults.append(f"its MD5 is {md5}, the one published {weights.md5}")
    if faults:
        transfer.remove(file)
        raise errors.InputError(
            f"{shown} is not the file it should be and was removed:"
            f" {'; '.join(faults)}. {_advise(weights)}"
        )
    if not pinned:
        _pin(weights, size, sha256, log)


def _advise(weights: PublishedWeights) -> str:
    if weights.sha256 or weights.md5 or weights.size is not None:
        return "Try again; if it stays so, whoever serves it has another file"
    return (
        "If its publisher replaced it, remove"
        f" {cache.locate_hashes(weights.url)} to take the new one"
    )


def _read_hashes(url: str) -> dict[str, str]:
    path = cache.locate_hashes(url)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {"sha256": str(content["sha256"])}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise errors.InputError(
            f"{path} cannot be read ({errors.summarize(error)}); remove it"
        ) from error


def _pin(
    weights: PublishedWeights, size: int, sha256: str, log: Callable[[str], None]
) -> None:
    """Notes the hash of a URL's first download, to compare later ones with."""
    path = cache.locate_hashes(weights.url)
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = cache.hide_password(weights.url)
    atomic_files.write_json(path, {"url": shown, "sha256": sha256, "size": size})
    if not weights.sha256 and not weights.md5:
        log(
            f"nobody published a hash of it: SHA-256 {sha256}, {size:,} bytes, is noted"
            " and compared from now on"
        )


def forget(weights: PublishedWeights) -> None:
    """Removes a file that is no weights, with its hash where nobody published one."""
    transfer.remove(cache.locate_download(weights.url))
    if not weights.sha256 and not weights.md5:
        cache.locate_hashes(weights.url).unlink(missing_ok=True)


def _describe_no_network(url: str, target: Path, error: Exception) -> Unreachable:
    shown, reason = cache.hide_password(url), transfer.find_reason(error)
    return Unreachable(
        f"cannot reach {urlsplit(shown).netloc} ({reason}): download {shown} on another"
        f" machine and put it here as {target}, then give the same command again"
    )


def _describe_full(error: OSError, target: Path) -> errors.InputError:
    home = user_cache.get_home()
    return errors.InputError(
        f"cannot keep {target.name} in {home}: {error.strerror or error}; give another"
        f" folder with {user_cache.HOME}"
    )
