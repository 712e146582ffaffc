"""Predictions as Apache Parquet, by pyarrow, which an extra installs."""

import io
from collections.abc import Iterable
from typing import Any

from slimnets import errors
from slimnets.inference.predictions import Row

_EXTRA = "parquet"


def require() -> None:
    """Raises an InputError if the library that writes it is not installed."""
    errors.import_extra("pyarrow.parquet", _EXTRA)


def pack(rows: Iterable[Row], several_labels: bool) -> bytes:
    """Returns a file with a line for each image.

    Its columns are file, number, label (a list of them where there may be several),
    correct, classes and probabilities, lists of which the most probable comes first,
    and error; null where there is none.

    Args:
      rows: as of an evaluation.
      several_labels: whether an image may have several.
    """
    arrow = errors.import_extra("pyarrow", _EXTRA)
    text = arrow.string()
    schema = arrow.schema(
        [
            ("file", text),
            ("number", arrow.int64()),
            ("label", arrow.list_(text) if several_labels else text),
            ("correct", arrow.bool_()),
            ("classes", arrow.list_(text)),
            ("probabilities", arrow.list_(arrow.float32())),
            ("error", text),
        ]
    )
    table = arrow.Table.from_pylist([_as_values(row) for row in rows], schema)
    content = io.BytesIO()
    errors.import_extra("pyarrow.parquet", _EXTRA).write_table(table, content)
    return content.getvalue()


def _as_values(row: Row) -> dict[str, Any]:
    return {
        "file": errors.printable(row.file),
        **row.facts,
        "classes": None if row.fault else [name for name, _ in row.classes],
        "probabilities": None if row.fault else [share for _, share in row.classes],
        "error": row.fault or None,
    }
