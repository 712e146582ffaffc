"""Features as .npy, which NumPy maps into memory, and a table of names beside it.

features = np.load("features.npy", mmap_mode="r")
rows = csv.DictReader(open("features.npy.csv", newline=""))
"""

import contextlib
import csv
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.inference.extraction.batches import Batch, list_true

SIDE = ".csv"  # behind the file's name: that of the table
_COLUMNS = ("filename", "label", "class_name")
_HEADER = 256  # bytes; how many rows it says is known at the end
_MAGIC = b"\x93NUMPY\x01\x00"


@contextlib.contextmanager
def open_file(path: Path, is_pooled: bool) -> Iterator[Callable[[Batch], None]]:
    """Yields the function that adds batches to the file and the table beside it.

    Args:
      path: of the file.
      is_pooled: write `Batch.pooled`, not `Batch.whole`; one end point.
    """
    table = path.with_name(path.name + SIDE)
    with (
        atomic_files.replace_file(path) as unfinished,
        atomic_files.replace_file(table) as unfinished_table,
    ):
        with (
            open(unfinished, "wb") as array,
            open(unfinished_table, "w", encoding="utf-8", newline="") as text,
        ):
            write_row = csv.writer(text, lineterminator="\n").writerow
            write_row(_COLUMNS)
            shape = (0,)
            array.write(_make_header(shape))

            def add(batch: Batch) -> None:
                nonlocal shape
                [rows] = (batch.pooled if is_pooled else batch.whole).values()
                array.write(np.ascontiguousarray(rows, "<f4").data)
                shape = (shape[0] + len(rows), *rows.shape[1:])
                for row in _list_rows(batch):
                    write_row(row)

            yield add
            _finish(array, shape)
        atomic_files.sync(unfinished)
        atomic_files.sync(unfinished_table)
        # Never a new table beside an old array: they are of different images.
        path.unlink(missing_ok=True)


def _list_rows(batch: Batch) -> Iterator[tuple[str, str, str]]:
    for file, label, classes in zip(
        batch.filenames, batch.labels, batch.class_names, strict=True
    ):
        labels = "|".join(map(str, list_true(label)))
        yield errors.printable(os.fsdecode(file)), labels, "|".join(classes)


def _finish(array: IO[bytes], shape: tuple[int, ...]) -> None:
    array.seek(0)
    array.write(_make_header(shape))


def _make_header(shape: tuple[int, ...]) -> bytes:
    """Returns the header of NumPy's format 1.0, of the same length for any shape."""
    text = repr({"descr": "<f4", "fortran_order": False, "shape": shape})
    filled = text.ljust(_HEADER - len(_MAGIC) - 3) + "\n"
    return _MAGIC + struct.pack("<H", len(filled)) + filled.encode("latin1")
