"""The file formats by their suffix, and one line where a file cannot be written."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import tensorflow as tf

from slimnets import errors
from slimnets.inference.extraction.batches import Batch
from slimnets.inference.extraction.writers import npy, npz, parquet, tfrecord

Add = Callable[[Batch], None]

# Each yields the function that takes batches, and ends with a whole file at the path,
# or with none where an exception is raised inside.
_WRITERS: dict[str, Callable[[Path, bool], AbstractContextManager[Add]]] = {
    ".npz": npz.open_file,
    ".npy": npy.open_file,
    ".tfrecord": tfrecord.open_file,
    ".parquet": parquet.open_file,
}


def check(path: Path, end_points: Sequence[str] | None = None) -> None:
    """Raises an InputError for a file that cannot hold what is asked for.

    Args:
      path: of the file.
      end_points: that it is to hold; None where they are not known yet.
    """
    if path.suffix not in _WRITERS:
        *most, last = _WRITERS
        raise errors.InputError(
            f"--output={path} must be a file that ends in {', '.join(most)} or {last}"
        )
    if path.suffix == ".parquet":
        parquet.require()
    if path.suffix == ".npy" and end_points is not None and len(end_points) > 1:
        raise errors.InputError(
            f"--output={path} holds one array, and --end_points names"
            f" {len(end_points)}: {', '.join(end_points)}; choose one, or write .npz"
        )


@contextlib.contextmanager
def open_file(path: Path, is_pooled: bool) -> Iterator[Add]:
    """Yields the function that adds batches to a file, which is there at the end.

    Args:
      path: as `check` lets it pass.
      is_pooled: write `Batch.pooled`, not `Batch.whole`.

    Raises:
      InputError: it cannot be written; what was there before is left as it was.
    """
    stack = contextlib.ExitStack()
    with _explained(path):
        add = stack.enter_context(_WRITERS[path.suffix](path, is_pooled))

    def add_explained(batch: Batch) -> None:
        with _explained(path):
            add(batch)

    try:
        yield add_explained
    except BaseException:
        with _explained(path):  # what is still in a buffer may find the disk full
            stack.__exit__(*sys.exc_info())
        raise
    with _explained(path):
        stack.close()


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or errors.summarize(error)
        raise errors.InputError(f"cannot write --output={path}: {reason}") from error
