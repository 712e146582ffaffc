"""Programs that write data or checkpoints: `python -m train.NAME --help`."""

import logging
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
logging.getLogger("tensorflow").setLevel(logging.WARNING)


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
        import tensorflow as tf

        tf.config.list_physical_devices()
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


_start_tensorflow_quietly()
