"""A checkpoint's index, looked through before TensorFlow reads it.

TensorFlow ends the process where an entry with a right checksum is none of its own. The
index is a table of blocks as LevelDB's: keys that share what they begin with, and a
value each; here the names of arrays, and where they lie.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import tensorflow as tf
from google.protobuf.message import DecodeError, Message
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import tensor_bundle_pb2

from slimnets.checkpoints.size_limits import FOOTER_BYTES, read_varint

_Message = TypeVar("_Message", bound=Message)
_HEADER = b""  # the key of what is said of the whole
_RESTART_BYTES = 4
_TYPES = frozenset(
    number
    for number in types_pb2.DataType.values()
    if tf.as_dtype(number or 1) not in (tf.resource, tf.variant)
    and 0 < number < types_pb2.DT_FLOAT_REF
)
_NOT_COMPRESSED = 0


def check(path: str) -> None:
    """Raises a ValueError if an index holds what TensorFlow does not expect.

    Args:
      path: of the checkpoint; one of V1, which has no index, is left to TensorFlow.
    """
    file = Path(f"{path}.index")
    if not file.is_file():
        return
    content = file.read_bytes()
    before, shards = None, 1
    for key, value in _read_entries(content):
        if before is not None and key <= before:
            raise ValueError("the names in its index are in no order")
        before = key
        if key == _HEADER:
            shards = _parse(tensor_bundle_pb2.BundleHeaderProto(), value).num_shards
        else:
            _check_entry(key, value, shards)


def _check_entry(key: bytes, value: bytes, shards: int) -> None:
    entry = _parse(tensor_bundle_pb2.BundleEntryProto(), value)
    name = key.decode(errors="replace")
    if entry.dtype not in _TYPES:
        raise ValueError(f"{name!r} has a type that no array has")
    if not 0 <= entry.shard_id < shards or entry.offset < 0 or entry.size < 0:
        raise ValueError(f"{name!r} lies where there is nothing")
    if entry.shape.unknown_rank or any(side.size < 0 for side in entry.shape.dim):
        raise ValueError(f"the shape of {name!r} is not known")


def _parse(message: _Message, value: bytes) -> _Message:
    """Returns a message with the content of an entry."""
    try:
        message.ParseFromString(value)
    except DecodeError as error:
        raise ValueError("an entry of its index is none") from error
    return message


def _read_entries(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the keys and values of a table."""
    footer = content[-FOOTER_BYTES:]
    position = 0
    for _ in range(2):  # of what this format has no use for, and of the blocks' block
        handle, position = _read_handle(footer, position)
    for _, value in _read_block(content, *handle):
        block, _ = _read_handle(value, 0)
        yield from _read_block(content, *block)


def _read_handle(content: bytes, position: int) -> tuple[tuple[int, int], int]:
    """Returns where a block begins and its length, and the position behind that."""
    start, position = read_varint(content, position)
    length, position = read_varint(content, position)
    return (start, length), position


def _read_block(
    content: bytes, start: int, length: int
) -> Iterator[tuple[bytes, bytes]]:
    end = start + length
    if end >= len(content) or length < _RESTART_BYTES:
        raise ValueError("a block of its index lies outside of it")
    if content[end] != _NOT_COMPRESSED:
        raise ValueError("its index is compressed, as TensorFlow writes none")
    restarts = int.from_bytes(content[end - _RESTART_BYTES : end], "little")
    last = end - _RESTART_BYTES * (restarts + 1)
    if last < start:
        raise ValueError("a block of its index is too short")
    key, position = b"", start
    while position < last:
        shared, position = read_varint(content, position)
        added, position = read_varint(content, position)
        size, position = read_varint(content, position)
        if shared > len(key) or position + added + size > last:
            raise ValueError("an entry of its index goes beyond its end")
        key = key[:shared] + content[position : position + added]
        position += added
        yield key, content[position : position + size]
        position += size
