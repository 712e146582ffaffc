"""Programs that write data or checkpoints: `python -m train.NAME --help`."""

import contextlib
import ctypes
import logging
import os
import sys
from collections.abc import Iterator

import absl.logging

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# TensorFlow leaves oneDNN's kernels off on processors without VNNI, where they are
# faster all the same: a MobileNet v2 training step takes two thirds of the time.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
logging.getLogger("tensorflow").setLevel(logging.WARNING)
absl.logging.set_verbosity(absl.logging.WARNING)  # --verbosity=0 tells more


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


@contextlib.contextmanager
def _without_keras() -> Iterator[None]:
    """Keeps TensorFlow from importing Keras 3 as it starts, a third of its time.

    Asked for Keras 2 it imports that where it is installed, else none. Afterwards
    `tf.keras` is found, when first asked for, as if nothing had been said.
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
def _without_scikit_learn() -> Iterator[None]:
    """Keeps tf_slim from importing scikit-learn, where installed, as it starts.

    It takes a second and a half, for metric-learning losses that no program here has.
    """
    name = "sklearn"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # Python's own sign for what is not to be found
    try:
        yield
    finally:
        del sys.modules[name]


def _start_tensorflow_quietly() -> None:
    """Imports TensorFlow with stderr closed, and lets it look for its devices.

    Its C++ parts then print half a dozen lines about this machine that no setting
    stops; a program's own one line on bad input would drown in them. What goes wrong
    in the import itself is still raised, and shows.
    """
    stderr = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        with _without_keras():
            import tensorflow as tf
        with _without_scikit_learn():
            import tf_slim  # noqa: F401 - for all that import it later

        tf.config.list_physical_devices()
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


_keep_freed_memory()
_start_tensorflow_quietly()
