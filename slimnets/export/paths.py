"""Paths that runtimes written in C++ can open."""

from pathlib import Path

from slimnets import errors


def require_utf8(folder: Path, what: str) -> None:
    """Raises an InputError for a path that is not UTF-8.

    Args:
      folder: there or not yet.
      what: the runtime does, from no such path.
    """
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        raise errors.InputError(
            f"{folder} is not UTF-8, and {what} from no other path; name another"
        ) from error
