"""Features as .npz: NumPy's archive, one array for each end point."""

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from slimnets.checkpoints import atomic_files
from slimnets.inference.extraction.batches import Batch
from slimnets.inference.extraction.writers.spilled import SpilledArray, SpilledTexts


@contextlib.contextmanager
def open_file(path: Path, is_pooled: bool) -> Iterator[Callable[[Batch], None]]:
    """Yields the function that adds batches to the file.

    The arrays of an archive lie one behind the other, so until the end each has a file
    without a name beside it: for a moment the features take twice their size on disk.

    Args:
      path: of the file.
      is_pooled: write `Batch.pooled`, not `Batch.whole`.
    """
    with contextlib.ExitStack() as stack:

        def open_nameless() -> IO[bytes]:
            # Gone with the process, however it ends.
            return stack.enter_context(tempfile.TemporaryFile(dir=path.parent))

        names, files = SpilledTexts(open_nameless()), SpilledTexts(open_nameless())
        arrays: dict[str, SpilledArray] = {}

        def add(batch: Batch) -> None:
            values = batch.pooled if is_pooled else batch.whole
            for name, rows in {"label": batch.labels, **values}.items():
                if name not in arrays:
                    arrays[name] = SpilledArray(open_nameless())
                arrays[name].append(rows)
            for classes, file in zip(batch.class_names, batch.filenames, strict=True):
                names.append("|".join(classes))
                files.append(os.fsdecode(file))

        yield add
        label = arrays.pop("label")
        _write(path, {"label": label, "class_name": names, "filename": files, **arrays})


def _write(path: Path, columns: dict[str, SpilledArray | SpilledTexts]) -> None:
    with (
        atomic_files.replace_file(path) as unfinished,
        zipfile.ZipFile(unfinished, "w", allowZip64=True) as archive,
    ):
        for name, column in columns.items():
            # An array's size is not known to zipfile before it is written.
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                column.write_to(member)
