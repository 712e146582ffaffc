"""Downloads one file: goes on where it was cut off, keeps it if its hash is right."""

import contextlib
import errno
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from tqdm import tqdm

from slimnets import errors, folder_lock, user_cache
from slimnets.checkpoints import atomic_files
from slimnets.nets.published import PublishedWeights
from slimnets.weights.published import cache

PART = ".part"  # behind the name of a file that is not whole yet
_CONNECT, _READ = 10.0, 30.0  # seconds without an answer
_PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before each new try
_BLOCK = 1 << 14  # of a transfer that is cut off, as much may be lost


class NotAvailable(errors.InputError):
    """The server cannot be reached, or does not give the file."""


class Unreachable(NotAvailable):
    """There is no network, or no way to the server."""


class _CutOff(Exception):
    """The transfer ended before the file did."""


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
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with folder_lock.lock(target.parent, f"downloading {target.name}", log):
            if not target.exists():
                _download(weights, target, log)
            _check(weights, target, target, log)
    except requests.ConnectionError as error:  # an OSError too
        raise _describe_no_network(weights.url, target, error) from error
    except (requests.RequestException, UnicodeError) as error:
        raise NotAvailable(
            f"{weights.url} is not to be had: {errors.summarize(error)}"
        ) from error
    except OSError as error:
        raise _describe_full(error, target) from error
    return target


def _download(
    weights: PublishedWeights, target: Path, log: Callable[[str], None]
) -> None:
    part = target.with_name(target.name + PART)
    log(f"downloading {weights.url}")
    resumed = part.exists()
    try:
        _transfer(weights.url, part)
        try:
            _check(weights, part, target, log)
        except errors.InputError:
            if not resumed:
                raise
            # What was there before may be of another file.
            _transfer(weights.url, part)
            _check(weights, part, target, log)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            _remove(part)
        raise
    atomic_files.sync(part)
    os.replace(part, target)
    _locate_state(part).unlink(missing_ok=True)
    atomic_files.sync(target.parent)


def _transfer(url: str, part: Path) -> None:
    """Downloads a whole file, going on where a try before was cut off."""
    for pause in (*_PAUSES, None):
        before = part.stat().st_size if part.exists() else 0
        try:
            return _try_once(url, part)
        except _CutOff as error:
            reached = part.stat().st_size if part.exists() else 0
            if pause is None:
                if not reached:
                    raise NotAvailable(f"{url} is not to be had: {error}") from error
                raise NotAvailable(
                    f"{url} was cut off after {reached:,} bytes ({error}); the same"
                    " command goes on from there"
                ) from error
            time.sleep(pause if reached <= before else _PAUSES[0])
    return None


def _try_once(url: str, part: Path) -> None:
    """Downloads a file, or what is missing of it.

    Raises:
      _CutOff: it is not whole; what came is kept.
      NotAvailable: the server does not give it.
    """
    have, headers = _ask_for_rest(part)
    try:
        with requests.get(
            url, stream=True, timeout=(_CONNECT, _READ), headers=headers
        ) as answer:
            _require_success(answer, url, part)
            begin = _find_begin(answer, have, part)
            total = _find_total(answer.headers, begin)
            _write_state(part, answer.headers)
            _receive(answer, part, begin, total)
    except (
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ReadTimeout,
        requests.exceptions.ContentDecodingError,
    ) as error:
        raise _CutOff(errors.summarize(error)) from error
    except requests.exceptions.ConnectionError as error:
        hung_up = error.args and isinstance(
            error.args[0], urllib3.exceptions.ProtocolError
        )
        if hung_up or ("timed out" in str(error) and part.exists()):
            raise _CutOff(_find_reason(error)) from error
        raise
    except ValueError as error:  # of urllib3, where a redirect leads to no URL
        if isinstance(error, errors.InputError | requests.RequestException):
            raise
        raise NotAvailable(f"{url} leads to no URL: {errors.summarize(error)}") from (
            error
        )
    if total is not None and part.stat().st_size != total:
        raise _CutOff(f"{total:,} were announced")


def _ask_for_rest(part: Path) -> tuple[int, dict[str, str]]:
    """Returns how much is there already, and the headers that ask for the rest."""
    headers = {"Accept-Encoding": "identity"}
    state = _locate_state(part)
    try:
        validator = json.loads(state.read_text(encoding="utf-8"))["validator"]
        have = part.stat().st_size
    except (OSError, ValueError, LookupError, TypeError):
        return 0, headers
    if not have or not isinstance(validator, str):
        return 0, headers
    return have, {**headers, "Range": f"bytes={have}-", "If-Range": validator}


def _require_success(answer: requests.Response, url: str, part: Path) -> None:
    code = answer.status_code
    if code == requests.codes.requested_range_not_satisfiable:
        _remove(part)
        raise _CutOff("the file is another one now")
    if code >= 500 or code == requests.codes.too_many_requests:
        raise _CutOff(f"the server answers {code} {answer.reason}")
    if code not in (requests.codes.ok, requests.codes.partial_content):
        raise NotAvailable(f"{url} is not to be had: {code} {answer.reason}")


def _find_begin(answer: requests.Response, have: int, part: Path) -> int:
    """Returns at which byte of the file an answer begins.

    Raises:
      _CutOff: it is another part of the file than was asked for.
    """
    if answer.status_code != requests.codes.partial_content:
        return 0
    given = answer.headers.get("Content-Range", "")
    if not have or not given.replace("=", " ").startswith(f"bytes {have}-"):
        _remove(part)
        raise _CutOff(f"the server gave another part of it, {given or 'unnamed'}")
    return have


def _find_total(headers: Mapping[str, str], begin: int) -> int | None:
    """Returns the size that a file is to have; None where the server does not say."""
    length = headers.get("Content-Length", "")
    if headers.get("Content-Encoding", "identity") != "identity":
        return None  # it is the size of what is sent, and the file is unpacked from it
    return begin + int(length) if length.isdecimal() else None


def _write_state(part: Path, headers: Mapping[str, str]) -> None:
    """Notes by what the server will know that its file is still the same."""
    if "Content-Encoding" in headers:  # a range would be of what is sent
        headers = {}
    tag = headers.get("ETag", "")
    validator = headers.get("Last-Modified", "") if tag.startswith("W/") else tag
    text = json.dumps({"validator": validator or headers.get("Last-Modified")})
    _locate_state(part).write_text(text, encoding="utf-8")


def _receive(
    answer: requests.Response, part: Path, begin: int, total: int | None
) -> None:
    with part.open("ab" if begin else "wb") as file, _bar(part, begin, total) as bar:
        for block in answer.iter_content(_BLOCK):
            file.write(block)
            bar.update(len(block))


@contextlib.contextmanager
def _bar(part: Path, begin: int, total: int | None) -> Iterator[tqdm]:
    """Yields a bar that counts bytes; none is shown where stderr is no terminal."""
    with tqdm(
        total=total,
        initial=begin,
        desc=part.name.removesuffix(PART),
        unit="B",
        unit_scale=True,
        dynamic_ncols=True,
        disable=not sys.stderr.isatty(),
    ) as bar:
        yield bar


def _check(
    weights: PublishedWeights, file: Path, target: Path, log: Callable[[str], None]
) -> None:
    """Compares a file's size and hashes; one that differs is removed.

    Raises:
      InputError: it is not what was published, or downloaded before.
    """
    size, sha256 = file.stat().st_size, cache.hash_file(file)
    if not size:
        _remove(file)
        raise NotAvailable(f"{weights.url} is an empty file")
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
        _remove(file)
        raise errors.InputError(
            f"{weights.url} is not the file it should be and was removed:"
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
    atomic_files.write_json(path, {"url": weights.url, "sha256": sha256, "size": size})
    if not weights.sha256 and not weights.md5:
        log(
            f"nobody published a hash of it: SHA-256 {sha256}, {size:,} bytes, is noted"
            " and compared from now on"
        )


def forget(weights: PublishedWeights) -> None:
    """Removes a file that is no weights, with its hash where nobody published one."""
    _remove(cache.locate_download(weights.url))
    if not weights.sha256 and not weights.md5:
        cache.locate_hashes(weights.url).unlink(missing_ok=True)


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    _locate_state(file).unlink(missing_ok=True)


def _locate_state(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _describe_no_network(url: str, target: Path, error: Exception) -> Unreachable:
    host = urlsplit(url).netloc
    return Unreachable(
        f"cannot reach {host} ({_find_reason(error)}): download {url} on another"
        f" machine and put it here as {target}, then give the same command again"
    )


def _find_reason(error: BaseException) -> str:
    """Returns the innermost cause of a failed request, in a few words."""
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    text = errors.summarize(cause) if isinstance(cause, Exception) else ""
    return text or type(cause).__name__


def _describe_full(error: OSError, target: Path) -> errors.InputError:
    home = user_cache.get_home()
    return errors.InputError(
        f"cannot keep {target.name} in {home}: {error.strerror or error}; give another"
        f" folder with {user_cache.HOME}"
    )
