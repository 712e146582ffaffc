"""What a file may claim to hold: a few bytes must not cost gigabytes of memory."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf

_FREE = 2**26  # bytes that any file may unfold to
_RATIO = 16  # weights do not compress as far; zeros do
FOOTER_BYTES = 48  # bytes, of a table
_VARINT_BYTES = 10


def allow(path: str | os.PathLike[str]) -> int:
    """Returns how many bytes the content of a file may take in memory."""
    return _FREE + _RATIO * Path(path).stat().st_size


def check(
    path: str | os.PathLike[str], needed: int, allowed: int | None = None
) -> None:
    """Raises a ValueError if content would take more memory than its file's size tells.

    Args:
      path: of the file.
      needed: bytes that its content would take.
      allowed: bytes that it may; None asks the file's size.
    """
    if needed > (allow(path) if allowed is None else allowed):
        raise ValueError(
            f"its content would take {needed / 1e6:,.0f} MB, which a file of its size"
            " cannot hold"
        )


def check_arrays(
    path: str, shapes: Mapping[str, Sequence[int]], types: Mapping[str, tf.DType]
) -> None:
    """Raises a ValueError if a checkpoint claims to hold more than its files can."""
    sizes = [math.prod(shapes[name]) * _count_bytes(types[name]) for name in shapes]
    if any(min(shape, default=0) < 0 for shape in shapes.values()):
        raise ValueError("a shape in it is negative")
    folder, name = Path(path).absolute().parent, Path(path).name
    files = [f for f in folder.iterdir() if f.name.startswith(name) and f.is_file()]
    stored = sum(file.stat().st_size for file in files)
    check(path, sum(sizes), _FREE + _RATIO * stored)


def _count_bytes(dtype: tf.DType) -> int:
    return dtype.size if dtype.is_numpy_compatible and dtype != tf.string else 1


def check_table(path: str) -> None:
    """Raises a ValueError if the end of a checkpoint's index points out of the file.

    TensorFlow would ask for as much memory as it says there.
    """
    file = Path(f"{path}.index")
    file = file if file.is_file() else Path(path)
    size = file.stat().st_size
    with file.open("rb") as stream:
        stream.seek(max(0, size - FOOTER_BYTES))
        footer = stream.read()
    position = 0
    for _ in range(2):
        offset, position = read_varint(footer, position)
        length, position = read_varint(footer, position)
        if offset + length > size:
            raise ValueError("its end points out of the file")


def read_varint(content: bytes, position: int) -> tuple[int, int]:
    """Returns a number of 7 bits a byte, and where the next one begins."""
    value = 0
    for shift, byte in enumerate(content[position : position + _VARINT_BYTES]):
        value |= (byte & 127) << 7 * shift
        if byte < 128:
            return value, position + shift + 1
    raise ValueError("it does not end as a checkpoint's index does")
