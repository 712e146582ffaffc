"""How a TFRecord file frames its records, and reading one of them alone.

Each record is a uint64 length, that length's checksum, the bytes, and their checksum;
a checksum is a uint32, numbers are little-endian. So where a record's bytes are damaged
and its length is not, the next one can be found.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.lib.io import tf_record

from slimnets import errors

HEADER_BYTES = 12
FRAME_BYTES = 16


class DamagedRecord(Exception):
    """A record that cannot be read; its text says why."""


class SingleRecords:
    """Reads records of files that are not compressed, by their numbers."""

    def __init__(self) -> None:
        """Starts without any file; each is looked through when it is first read."""
        self._starts: dict[str, np.ndarray] = {}

    def read(self, path: str, number: int) -> bytes:
        """Returns one record.

        Args:
          path: its file.
          number: its place there, from 0.

        Raises:
          DamagedRecord: it is damaged, or cannot be found.
        """
        try:
            if path not in self._starts:
                self._starts[path] = find_starts(Path(path))
            starts = self._starts[path]
            if number >= len(starts) - 1:
                raise DamagedRecord(_describe_end(Path(path), starts, number))
            # It reads nothing but the record, and compares its checksums.
            reader: Any = tf_record.tf_record_random_reader(os.fsencode(path))
            record, _ = reader.read(int(starts[number]))
        except OSError as error:
            raise DamagedRecord(f"cannot be read: {error.strerror}") from error
        except (tf.errors.OpError, IndexError, UnicodeDecodeError) as error:
            raise DamagedRecord("its checksum is wrong") from error
        return record


def find_starts(path: Path) -> np.ndarray:
    """Returns where the records of a file begin, as far as their lengths are sound.

    Args:
      path: the file.

    Returns:
      int64 [records + 1], in bytes; the last is where the sound ones end.

    Raises:
      OSError: it cannot be read.
    """
    starts = [0]
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        header = os.pread(file.fileno(), HEADER_BYTES, 0)
        while is_header(header) and _find_end(header, starts[-1]) <= size:
            starts.append(_find_end(header, starts[-1]))
            header = os.pread(file.fileno(), HEADER_BYTES, starts[-1])
    return np.array(starts, np.int64)


def walk_headers(descriptor: int, path: Path) -> Iterator[int]:
    """Yields where each record ends, in bytes; no checksum is looked at.

    Raises:
      InputError: the file does not end with a record.
    """
    size = os.fstat(descriptor).st_size
    position = 0
    while position < size:
        header = os.pread(descriptor, HEADER_BYTES, position)
        position = _find_end(header, position)
        if len(header) < HEADER_BYTES or position > size:
            raise errors.InputError(f"{path}{_describe_break(path)}")
        yield position


def is_header(header: bytes) -> bool:
    """Returns whether bytes are a length and its checksum."""
    checksum = int.from_bytes(header[8:HEADER_BYTES], "little")
    return len(header) >= HEADER_BYTES and masked_checksum(header[:8]) == checksum


def masked_checksum(content: bytes) -> int:
    """Returns CRC-32C as TFRecords store it; bit by bit: meant for a few bytes."""
    checksum = 0xFFFFFFFF
    for byte in content:
        checksum = checksum >> 8 ^ _CHECKSUMS[(checksum ^ byte) & 0xFF]
    checksum ^= 0xFFFFFFFF
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _checksum_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ 0x82F63B78 * (byte & 1)
    return byte


_CHECKSUMS = tuple(map(_checksum_of_byte, range(256)))


def _find_end(header: bytes, start: int) -> int:
    return start + FRAME_BYTES + int.from_bytes(header[:8], "little")


def _describe_break(path: Path) -> str:
    """Says where the lengths of a file that does not end with a record go astray."""
    starts = find_starts(path)
    record = len(starts) - 1
    if not _is_cut_off(path, starts):
        if not record:
            return " is not a TFRecord, or its first bytes are damaged"
        reason = _describe_end(path, starts, record)
        return f", record {record} (the first is 0): {reason}; copy or convert it again"
    return f" is cut off in record {record} (the first is 0); copy or convert it again"


def _describe_end(path: Path, starts: np.ndarray, number: int) -> str:
    """Says why there is no record of a number."""
    last = len(starts) - 1
    if path.stat().st_size == starts[-1]:
        return f"the file ends after {last} records"
    is_cut_off = _is_cut_off(path, starts)
    if number > last:
        return f"lost behind record {last}, " + (
            "in which the file is cut off" if is_cut_off else "whose length is damaged"
        )
    return (
        "the file is cut off in it"
        if is_cut_off
        else "its length is damaged, so what follows in the file cannot be found"
    )


def _is_cut_off(path: Path, starts: np.ndarray) -> bool:
    """Whether a file ends within the record behind the sound ones."""
    with open(path, "rb") as file:
        file.seek(int(starts[-1]))
        header = file.read(HEADER_BYTES)
    return is_header(header) or 0 < len(header) < HEADER_BYTES
