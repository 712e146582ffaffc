"""An index whose checksums are right, and whose entries are not, is refused."""

import numpy as np
import pytest

from slimnets import checkpoints, errors
from slimnets.checkpoints.size_limits import FOOTER_BYTES, read_varint
from slimnets.datasets import framing

_FLOAT = b"\x08\x01\x12"  # the type of an entry, and the beginning of its shape


def sign(index: bytes) -> bytes:
    """Returns an index with the right checksum behind its first block."""
    signed, position = bytearray(index), len(index) - FOOTER_BYTES
    end, _ = read_varint(index, position)  # the next block begins behind the checksum
    checksum = framing.masked_checksum(index[: end - 4])
    signed[end - 4 : end] = checksum.to_bytes(4, "little")
    return bytes(signed)


@pytest.fixture
def index(tmp_path):
    """Returns a checkpoint and its index, with the right checksum."""
    values = {f"net/{name}": np.ones(3, np.float32) for name in "abc"}
    path = checkpoints.save(tmp_path, 1, values)
    file = tmp_path / "model.ckpt-1.index"
    assert sign(file.read_bytes()) == file.read_bytes()
    return path, file


@pytest.mark.parametrize(
    ("part", "other", "said"),
    [
        (_FLOAT, b"\x08\x7f\x12", "'net/a' has a type that no array has"),
        (_FLOAT, b"\x08\x15\x12", "'net/a' has a type that no array has"),
        (_FLOAT, b"\x0f\x01\x12", "an entry of its index is none"),
        (b"\x12\x02\x08\x03", b"\x18\x01\x18\x01", "the shape of 'net/a' is not known"),
        (b"net/a", b"net/z", "the names in its index are in no order"),
    ],
    ids=["reference", "variant", "no entry", "shape", "order"],
)
def test_it_is_refused(index, part, other, said):
    path, file = index
    content = file.read_bytes()
    assert part in content
    file.write_bytes(sign(content.replace(part, other, 1)))
    with pytest.raises(errors.InputError, match=said):
        checkpoints.read(path)


def test_as_it_was_it_is_read(index):
    path, _ = index
    assert set(checkpoints.read(path)) == {"net/a", "net/b", "net/c"}
