"""The transfer of one file: tried again, going on where it was cut off."""

import contextlib
import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from tqdm import tqdm

from slimnets import errors
from slimnets.weights.published import cache

PART = ".part"  # behind the name of a file that is not whole yet
_CONNECT, _READ = 10.0, 30.0  # seconds without an answer
_PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before each new try
_BLOCK = 1 << 14  # of a transfer that is cut off, as much may be lost


class NotAvailable(errors.InputError):
    """The server cannot be reached, or does not give the file."""


class _CutOff(Exception):
    """The transfer ended before the file did."""


def fetch(url: str, part: Path) -> None:
    """Downloads a whole file, going on where a try before was cut off.

    Raises:
      NotAvailable: the server does not give it, or not all of it.
    """
    shown = cache.hide_password(url)
    for pause in (*_PAUSES, None):
        before = part.stat().st_size if part.exists() else 0
        try:
            return _try_once(url, part)
        except _CutOff as error:
            reached = part.stat().st_size if part.exists() else 0
            if pause is None:
                if not reached:
                    raise NotAvailable(f"{shown} is not to be had: {error}") from error
                raise NotAvailable(
                    f"{shown} was cut off after {reached:,} bytes ({error}); the same"
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
            total = _find_total(answer.headers, begin, answer.url)
            _write_state(part, answer.headers)
            _receive(answer, part, begin, total)
    except (
        urllib3.exceptions.ProtocolError,
        urllib3.exceptions.ReadTimeoutError,
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
            raise _CutOff(find_reason(error)) from error
        raise
    except ValueError as error:  # of urllib3, where a redirect leads to no URL
        if isinstance(error, errors.InputError | requests.RequestException):
            raise
        shown = cache.hide_password(url)
        reason = errors.summarize(error)
        raise NotAvailable(f"{shown} leads to no URL: {reason}") from error
    if total is not None and part.stat().st_size != total:
        raise _CutOff(f"{total:,} were announced")


def _ask_for_rest(part: Path) -> tuple[int, dict[str, str]]:
    """Returns how much is there already, and the headers that ask for the rest."""
    headers = {"Accept-Encoding": "identity"}
    state = locate_state(part)
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
        remove(part)
        raise _CutOff("the file is another one now")
    if code >= 500 or code == requests.codes.too_many_requests:
        raise _CutOff(f"the server answers {code} {answer.reason}")
    if code not in (requests.codes.ok, requests.codes.partial_content):
        shown = cache.hide_password(url)
        raise NotAvailable(f"{shown} is not to be had: {code} {answer.reason}")


def _find_begin(answer: requests.Response, have: int, part: Path) -> int:
    """Returns at which byte of the file an answer begins.

    Raises:
      _CutOff: it is another part of the file than was asked for.
    """
    if answer.status_code != requests.codes.partial_content:
        return 0
    given = answer.headers.get("Content-Range", "")
    if not have or not given.replace("=", " ").startswith(f"bytes {have}-"):
        remove(part)
        raise _CutOff(f"the server gave another part of it, {given or 'unnamed'}")
    return have


def _find_total(headers: Mapping[str, str], begin: int, url: str) -> int | None:
    """Returns the size that a file is to have; None where the server does not say."""
    length = headers.get("Content-Length", "")
    encoding = headers.get("Content-Encoding", "identity")
    if encoding != "identity" and not _is_archive(url, encoding):
        return None  # it is the size of what is sent, and the file is unpacked from it
    return begin + int(length) if length.isdecimal() else None


def _is_archive(url: str, encoding: str) -> bool:
    """Returns whether a server calls it an encoding that the file is an archive."""
    path = urlsplit(url).path
    return encoding in ("gzip", "x-gzip") and path.endswith((".gz", ".tgz"))


def _write_state(part: Path, headers: Mapping[str, str]) -> None:
    """Notes by what the server will know that its file is still the same."""
    if "Content-Encoding" in headers:  # a range would be of what is sent
        headers = {}
    tag = headers.get("ETag", "")
    validator = headers.get("Last-Modified", "") if tag.startswith("W/") else tag
    text = json.dumps({"validator": validator or headers.get("Last-Modified")})
    locate_state(part).write_text(text, encoding="utf-8")


def _receive(
    answer: requests.Response, part: Path, begin: int, total: int | None
) -> None:
    encoding = answer.headers.get("Content-Encoding", "")
    blocks = (
        answer.raw.stream(_BLOCK, decode_content=False)
        if _is_archive(answer.url, encoding)
        else answer.iter_content(_BLOCK)
    )
    with part.open("ab" if begin else "wb") as file, _bar(part, begin, total) as bar:
        for block in blocks:
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


def remove(file: Path) -> None:
    """Removes a file, whole or not, and what is noted of its transfer."""
    file.unlink(missing_ok=True)
    locate_state(file).unlink(missing_ok=True)


def locate_state(part: Path) -> Path:
    """Returns where it is noted by what the server knows a file that is not whole."""
    return part.with_name(f"{part.name}.json")


def find_reason(error: BaseException) -> str:
    """Returns the innermost cause of a failed request, in a few words."""
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    text = errors.summarize(cause) if isinstance(cause, Exception) else ""
    return text or type(cause).__name__
