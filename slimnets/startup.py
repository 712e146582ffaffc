"""How the programs start: flags first, then TensorFlow, quickly and quietly.

Importing this module changes nothing and imports no TensorFlow. A program imports at
its top what needs none either, and ends with

    if __name__ == "__main__":
        startup.run(main)

so that --help answers at once, and `main` imports the rest once TensorFlow has started.
"""

import contextlib
import ctypes
import io
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import absl.logging
from absl import app

from slimnets import errors
from slimnets.config import help

_HELP = {"--help", "-help", "-h", "-?"}


def run(
    main: Callable[[list[str]], None],
    argv: Sequence[str] | None = None,
    settings: type | None = None,
) -> None:
    """Runs a program's `main` and ends the process.

    Reads the flags, starts TensorFlow, then calls `main`. An InputError becomes one
    line on stderr and exit status 2: see `errors.report_errors`.

    Args:
      main: takes the words of the command line that are no flags, the program's name
        first.
      argv: the command line, the program's name first; None takes this process's.
      settings: the dataclass whose settings are the program's flags, for --help.
    """

    def start_and_run(words: list[str]) -> None:
        start_tensorflow()
        main(words)

    # Names of files may hold bytes that are no UTF-8: they are shown as escapes.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    absl.logging.set_verbosity(absl.logging.WARNING)  # --verbosity=0 tells more
    app.run(
        errors.report_errors(start_and_run),
        None if argv is None else list(argv),
        flags_parser=lambda words: _parse_flags(words, settings),
    )


def _parse_flags(words: list[str], settings: type | None) -> list[str]:
    """Parses flags as absl does; what absl has no line for ends in one, too."""
    if _HELP & set(words):
        _print_help(settings)
        sys.exit(0)
    try:
        return app.parse_flags_with_usage(words)
    except UnicodeDecodeError as error:
        print(f"error: a --flagfile is no UTF-8 text: {error}", file=sys.stderr)
        sys.exit(2)
    except RecursionError:  # of absl, which looks for a known name like the unknown one
        print("error: a flag has an unknown name of great length", file=sys.stderr)
        sys.exit(2)


def _print_help(settings: type | None) -> None:
    """Prints the program's description, and the flags most people use."""
    if settings is None:
        app.usage(shorthelp=True, writeto_stdout=True)
        return
    description = sys.modules["__main__"].__doc__ or ""
    print(help.format_help(description, settings))


def start_tensorflow() -> None:
    """Imports TensorFlow and tf_slim with settings that suit these programs.

    They hold for the whole process: memory that is freed is kept, oneDNN's kernels are
    used, neither Keras nor scikit-learn is imported along, and TensorFlow's remarks
    about the machine are not printed. Where TensorFlow is imported already, nothing is
    done.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow leaves oneDNN's kernels off on processors without VNNI, where they are
    # faster all the same: a MobileNet v2 training step takes two thirds of the time.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    logging.getLogger("tensorflow").setLevel(logging.WARNING)
    _keep_freed_memory()
    with _silence_stderr():
        _import_tensorflow()


def _keep_freed_memory() -> None:
    """Tells glibc to keep what is freed, for the next step needs it again.

    Otherwise each large activation is mapped anew and cleared page by page: an eighth
    of a MobileNet v2 training step. One arena, since the others give back what is above
    64 MB.
    """
    m_trim_threshold, m_top_pad, m_mmap_max, m_arena_max = -1, -2, -4, -8
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library; it has its own ways
        return
    mallopt(m_mmap_max, 0)
    mallopt(m_trim_threshold, -1)  # no threshold
    mallopt(m_top_pad, 2**26)
    mallopt(m_arena_max, 1)


def _import_tensorflow() -> None:
    with _hide_keras():
        import tensorflow as tf
    with _hide_scikit_learn():
        import tf_slim  # noqa: F401 - for all that import it later

    tf.config.list_physical_devices()  # which prints as the import does


@contextlib.contextmanager
def _silence_stderr() -> Iterator[None]:
    """Closes stderr, of C++ code too; Python's exceptions are still raised, and show.

    TensorFlow prints half a dozen lines about the machine that no setting stops; a
    program's own one line on bad input would drown in them.
    """
    stderr = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


@contextlib.contextmanager
def _hide_keras() -> Iterator[None]:
    """Keeps TensorFlow from importing Keras 3 as it starts, a third of its time.

    Told to use Keras 2, TensorFlow imports that if it is installed, else none.
    Afterwards `tf.keras` is loaded at its first use as always.
    """
    wish = "TF_USE_LEGACY_KERAS"
    if wish in os.environ:
        yield
        return
    os.environ[wish] = "1"
    try:
        yield
    finally:
        del os.environ[wish]


@contextlib.contextmanager
def _hide_scikit_learn() -> Iterator[None]:
    """Keeps tf_slim from importing scikit-learn, where installed, as it starts.

    It takes a second and a half, for metric-learning losses that no program here has.
    """
    name = "sklearn"
    if name in sys.modules:
        yield
        return
    modules: dict[str, Any] = sys.modules
    modules[name] = None  # Python's own sign for what is not to be found
    try:
        yield
    finally:
        del sys.modules[name]
