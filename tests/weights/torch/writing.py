"""Files as torch.save and safetensors write them, written without PyTorch."""

import json
import math
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

_STORAGES = {"f4": "FloatStorage", "f2": "HalfStorage", "i8": "LongStorage"}
_SAFE = {"f4": "F32", "f2": "F16", "i8": "I64"}
_EMPTY_ORDERED_DICT = b"ccollections\nOrderedDict\n)R"


def save_zip(path: Path, tensors: Mapping[str, np.ndarray]) -> Path:
    """Writes what torch.save has written since 1.6."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", state_dict(tensors, legacy=False))
        archive.writestr("archive/byteorder", "little")
        for name, array in tensors.items():
            archive.writestr(f"archive/data/{name}", array.tobytes())
    return path


def save_legacy(path: Path, tensors: Mapping[str, np.ndarray]) -> Path:
    """Writes what torch.save wrote before 1.6."""
    machine = {"protocol_version": 1001, "little_endian": True}
    parts = [pickle.dumps(x, 2) for x in (0x1950A86A20F9469CFC6C, 1001, machine)]
    parts += [state_dict(tensors, legacy=True), pickle.dumps(list(tensors), 2)]
    for array in tensors.values():
        parts += [struct.pack("<q", array.size), array.tobytes()]
    path.write_bytes(b"".join(parts))
    return path


def save_safetensors(path: Path, tensors: Mapping[str, np.ndarray]) -> Path:
    """Writes a safetensors file."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, array in tensors.items():
        begin, end = end, end + array.nbytes
        header[name] = {
            "dtype": _SAFE[array.dtype.str[1:]],
            "shape": array.shape,
            "data_offsets": [begin, end],
        }
    text = json.dumps(header).encode()
    numbers = b"".join(array.tobytes() for array in tensors.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + numbers)
    return path


def state_dict(tensors: Mapping[str, np.ndarray], legacy: bool) -> bytes:
    """Returns an OrderedDict's pickle; each tensor's storage has the tensor's name."""
    items = b"".join(
        _text(name) + _tensor(name, array, legacy) for name, array in tensors.items()
    )
    return b"\x80\x02" + _EMPTY_ORDERED_DICT + b"(" + items + b"u."


def _tensor(name: str, array: np.ndarray, legacy: bool) -> bytes:
    """Returns a call of torch._utils._rebuild_tensor_v2 in pickle's opcodes."""
    storage = f"ctorch\n{_STORAGES[array.dtype.str[1:]]}\n".encode()
    # View metadata, which the old format has behind the size.
    behind = b"N" if legacy else b""
    identity = _tuple(
        _text("storage"), storage, _text(name), _text("cpu"), _int(array.size), behind
    )
    strides = [math.prod(array.shape[i + 1 :]) for i in range(array.ndim)]
    arguments = _tuple(
        identity + b"Q",  # the storage, which the reader looks up
        _int(0),
        _tuple(*map(_int, array.shape)),
        _tuple(*map(_int, strides)),
        b"\x89",  # False: it needs no gradient
        _EMPTY_ORDERED_DICT,  # no hooks
    )
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"R"


def _tuple(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def _int(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def _text(value: str) -> bytes:
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded
