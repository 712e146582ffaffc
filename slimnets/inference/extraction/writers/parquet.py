"""Features as Apache Parquet, by pyarrow, which an extra installs."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.inference.extraction.batches import Batch, list_true

_EXTRA = "parquet"
_GROUP = 1 << 22  # numbers that a group of rows has at least, but for the last


def require() -> None:
    """Raises an InputError if the library that writes it is not installed."""
    errors.import_extra("pyarrow.parquet", _EXTRA)


@contextlib.contextmanager
def open_file(path: Path, is_pooled: bool) -> Iterator[Callable[[Batch], None]]:
    """Yields the function that adds batches to the file.

    Columns are filename, label and class_name (lists of them where any number of
    classes may be true) and, for each end point, a list of float32 of one length, whose
    field says its shape, such as 7,7,1024.

    Args:
      path: of the file.
      is_pooled: write `Batch.pooled`, not `Batch.whole`.
    """
    parquet = errors.import_extra("pyarrow.parquet", _EXTRA)
    with atomic_files.replace_file(path) as unfinished, contextlib.ExitStack() as stack:
        writer: Any = None
        held: list[Any] = []

        def write() -> None:
            writer.write_table(_import_arrow().concat_tables(held))
            held.clear()

        def add(batch: Batch) -> None:
            nonlocal writer
            table = _make_table(batch, is_pooled)
            if writer is None:
                opened = parquet.ParquetWriter(unfinished, table.schema)
                writer = stack.enter_context(opened)
            held.append(table)
            if sum(each.nbytes for each in held) >= 4 * _GROUP:
                write()

        yield add
        if held:
            write()


def _import_arrow() -> Any:
    return errors.import_extra("pyarrow", _EXTRA)


def _make_table(batch: Batch, is_pooled: bool) -> Any:
    arrow = _import_arrow()
    values = batch.pooled if is_pooled else batch.whole
    text, number = arrow.string(), arrow.int64()
    files = [errors.printable(os.fsdecode(file)) for file in batch.filenames]
    labels: Sequence[Any] = [list_true(label) for label in batch.labels]
    names: Sequence[Any] = [[*classes] for classes in batch.class_names]
    if batch.labels.ndim == 1:
        labels, names = [one for [one] in labels], [one for [one] in names]
        label_kind, name_kind = number, text
    else:
        label_kind, name_kind = arrow.list_(number), arrow.list_(text)
    columns = {
        arrow.field("filename", text): arrow.array(files, text),
        arrow.field("label", label_kind): arrow.array(labels, label_kind),
        arrow.field("class_name", name_kind): arrow.array(names, name_kind),
    }
    columns |= dict(_make_column(name, rows) for name, rows in values.items())
    return arrow.Table.from_arrays([*columns.values()], schema=arrow.schema([*columns]))


def _make_column(name: str, rows: np.ndarray) -> tuple[Any, Any]:
    """Returns the field and the values of an end point, [images, ...]."""
    arrow = _import_arrow()
    shape = rows.shape[1:]
    kind = arrow.list_(arrow.float32(), int(np.prod(shape)))
    field = arrow.field(name, kind, metadata={"shape": ",".join(map(str, shape))})
    flat = arrow.array(np.ascontiguousarray(rows).ravel(), arrow.float32())
    return field, arrow.FixedSizeListArray.from_arrays(flat, type=kind)
