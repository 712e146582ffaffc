"""Errors in the user's input: reported in one line, with exit status 2."""

import functools
import importlib
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from types import ModuleType
from typing import NoReturn

# How C libraries, and TensorFlow with them, say that there is no space left.
_DISK_FULL = ("No space left on device", "Disk quota exceeded")


class InputError(ValueError):
    """The input is wrong; the message says what, where, and what to do, in one line."""


class PartnerLost(InputError):
    """Another process of the run is gone; this one has to end at once.

    At its usual end TensorFlow would wait for the other.
    """


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Returns the error for a name that is not among `known`, with the nearest ones.

    Args:
      kind: what was looked up, such as "network" or "end point".
      name: the name that was not found.
      known: every name that would have been accepted.
    """
    known = list(known)
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    hint = (
        f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
    )
    return InputError(f"unknown {kind} {name!r}; {hint}")


def import_extra(module: str, name: str) -> ModuleType:
    """Imports a module that an extra of the package installs.

    Args:
      module: its full name.
      name: of the extra.

    Raises:
      InputError: it is not installed; the line has the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise InputError(
            f"{package} is not installed: pip install 'slimnets[{name}]', or in a"
            f" checkout pip install '.[{name}]'"
        ) from error


def printable(text: str) -> str:
    """Returns a name as one line: what cannot be shown is written as an escape.

    File names may hold line breaks, and bytes that are no UTF-8.
    """
    if text.isprintable():  # nearly all are, and this is far faster
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode()
        for c in text
    )


def summarize(error: Exception) -> str:
    """Returns an error's message in one line, without TensorFlow's names of ops."""
    text = str(getattr(error, "message", error)).strip() or type(error).__name__
    return re.sub(r"^\{\{.*?\}\} | \[Op:\w+\]( name:.*)?$", "", text.splitlines()[0])


def describe_exhaustion(error: Exception) -> InputError:
    """Returns the error for memory, of the machine or its GPU, or a disk that ran out.

    Args:
      error: what TensorFlow, which has one type for all of these, or Python raised.
    """
    if is_disk_full(error):
        return InputError(f"the disk is full: {summarize(error)}")
    return InputError(
        f"out of memory: {summarize(error)}; give a smaller --batch_size or"
        " --image_size"
    )


def is_disk_full(error: Exception) -> bool:
    """Returns whether an error is about space on a disk."""
    return any(reason in str(error) for reason in _DISK_FULL)


def report_errors(main: Callable[[list[str]], None]) -> Callable[[list[str]], None]:
    """Wraps a program's `main`: an InputError becomes one line on stderr and exit 2.

    So do memory that runs out and a disk that is full or cannot be read. Ctrl-C ends it
    without a traceback, with the exit status that shells give for it.
    """

    @functools.wraps(main)
    def wrapped(argv: list[str]) -> None:
        try:
            main(argv)
        except PartnerLost as error:
            end_at_once(str(error))
        except InputError as error:
            _fail(error)
        except get_out_of_memory_types() as error:
            _fail(describe_exhaustion(error))
        except OSError as error:
            _fail(error)
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)

    return wrapped


def get_out_of_memory_types() -> tuple[type[Exception], ...]:
    """Returns what Python, and TensorFlow if imported, raise when memory runs out."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return (MemoryError,)
    return (MemoryError, tensorflow.errors.ResourceExhaustedError)


def end_at_once(message: str) -> NoReturn:
    """Ends the process with one line on stderr and exit status 2, whatever blocks."""
    print(f"error: {message}", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(2)


def _fail(error: Exception) -> NoReturn:
    print(f"error: {printable(str(error))}", file=sys.stderr)
    sys.exit(2)


def refuse_arguments(argv: list[str]) -> None:
    """Raises an InputError if a command line has words that are no flags."""
    if len(argv) > 1:
        raise InputError(
            f"unexpected {' '.join(argv[1:])!r}; flags begin with --, see --help"
        )
