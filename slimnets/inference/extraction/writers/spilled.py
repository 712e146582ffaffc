"""Columns on the disk: what grows with the images does not stay in memory."""

import json
import shutil
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np

_ROWS = 4096  # texts that are turned into an array at once


class SpilledArray:
    """Rows of one shape and type."""

    def __init__(self, file: IO[bytes]):
        """Takes an empty file to write to and to read again."""
        self._file, self._count = file, 0
        self._shape: tuple[int, ...] = ()
        self._dtype = np.dtype(np.float32)

    def append(self, rows: np.ndarray) -> None:
        """Adds rows, [any number, ...]."""
        self._shape, self._dtype = rows.shape[1:], rows.dtype
        self._file.write(np.ascontiguousarray(rows).data)
        self._count += len(rows)

    def write_to(self, stream: IO[bytes]) -> None:
        """Writes all rows as one array, [rows, ...], in NumPy's format."""
        _write_header(stream, self._dtype, (self._count, *self._shape))
        self._file.seek(0)
        shutil.copyfileobj(self._file, stream)


class SpilledTexts:
    """Texts of any length; file names may hold bytes that are no UTF-8."""

    def __init__(self, file: IO[bytes]):
        """Takes an empty file to write to and to read again."""
        self._file, self._count, self._longest = file, 0, 1

    def append(self, text: str) -> None:
        """Adds a text."""
        self._longest = max(self._longest, len(text))
        self._file.write(json.dumps(text).encode() + b"\n")
        self._count += 1

    def write_to(self, stream: IO[bytes]) -> None:
        """Writes all texts as one array, [texts], in NumPy's format."""
        dtype = np.dtype(f"<U{self._longest}")
        _write_header(stream, dtype, (self._count,))
        self._file.seek(0)
        for texts in _chunk(self._file, json.loads):
            stream.write(np.array(texts, dtype).tobytes())


def _write_header(stream: IO[bytes], dtype: np.dtype, shape: tuple[int, ...]) -> None:
    description: dict[str, Any] = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_1_0(stream, description)


def _chunk(lines: IO[bytes], parse: Callable[[bytes], str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for line in lines:
        chunk.append(parse(line))
        if len(chunk) == _ROWS:
            yield chunk
            chunk = []
    yield chunk
