"""PyTorch's files of weights: .pth and .pt, of today or before 1.6; safetensors."""

import functools
import io
import json
import math
import mmap
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from slimnets import errors
from slimnets.checkpoints import file_kinds, size_limits
from slimnets.weights.torch.pickles import (
    StateDict,
    Storage,
    Unpickler,
    extract_tensors,
)

SUFFIX = ".safetensors"  # of what is written
_ZIP = b"PK\x03\x04"  # which begins a file of torch.save
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001

_SAFETENSORS_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}


def read(path: Path, moving_averages: bool = False) -> StateDict:
    """Returns the tensors of a file by name.

    Args:
      path: of the file.
      moving_averages: take those of the weights where the file has them too.

    Raises:
      InputError: it is no such file, or not one of tensors alone.
    """
    file_kinds.require_source(path, "torch")
    try:
        if path.suffix == SUFFIX:
            return StateDict(_read_safetensors(path))
        if zipfile.is_zipfile(path):
            return _read_zip(path, moving_averages)
        _refuse_cut_off(path)
        return _read_legacy(path, moving_averages)
    except errors.InputError:
        raise
    # A damaged pickle may raise anything that its opcodes can.
    except Exception as error:
        raise errors.InputError(
            f"{path} cannot be read as PyTorch's weights: {errors.summarize(error)};"
            " give a state dict's .pth, .pt or .safetensors file"
        ) from error


def _refuse_cut_off(path: Path) -> None:
    """Raises an InputError for a file that begins as an archive and is none."""
    with path.open("rb") as file:
        begin = file.read(len(_ZIP))
    if begin == _ZIP:
        raise errors.InputError(
            f"{path} is cut off or damaged: its end is missing; download or copy it"
            " again"
        )


def _read_zip(path: Path, moving_averages: bool) -> StateDict:
    """Reads what torch.save writes since 1.6: a pickle and a member a storage."""
    with zipfile.ZipFile(path) as archive:
        allowed = size_limits.allow(path)
        size_limits.check(path, sum(i.file_size for i in archive.infolist()), allowed)
        names = archive.namelist()
        pickled = next(n for n in names if n.split("/")[1:] == ["data.pkl"])
        folder = pickled.split("/")[0]
        order = f"{folder}/byteorder"
        if order in names and archive.read(order) != b"little":
            raise ValueError("its numbers are big-endian")

        @functools.lru_cache(maxsize=1)  # tensors that share one come in a row
        def storage(wanted: Storage) -> bytes:
            return archive.read(f"{folder}/data/{wanted.key}")

        file = io.BytesIO(archive.read(pickled))
        content = Unpickler(file, str(path)).load()
        return extract_tensors(content, storage, moving_averages, allowed)


def _read_legacy(path: Path, moving_averages: bool) -> StateDict:
    """Reads what torch.save wrote before 1.6: pickles, then the storages' bytes."""
    with (
        path.open("rb") as whole,
        mmap.mmap(whole.fileno(), 0, access=mmap.ACCESS_READ) as file,
    ):
        magic = Unpickler(file, str(path)).load()
        protocol = Unpickler(file, str(path)).load()
        if (magic, protocol) != (_LEGACY_MAGIC, _LEGACY_PROTOCOL):
            raise ValueError("it does not begin as such a file does")
        Unpickler(file, str(path)).load()  # of the machine that wrote it
        unpickler = _StorageRecorder(file, str(path))
        content = unpickler.load()
        keys = Unpickler(file, str(path)).load()
        stored = {
            key: _read_legacy_storage(file, unpickler.storages[key]) for key in keys
        }
        return extract_tensors(
            content, lambda s: stored[s.key], moving_averages, size_limits.allow(path)
        )


class _StorageRecorder(Unpickler):
    """Keeps the storages that were named."""

    def __init__(self, file: mmap.mmap, name: str):
        super().__init__(file, name)
        self.storages: dict[str, Storage] = {}

    def persistent_load(self, pid: object) -> Storage:
        storage = super().persistent_load(pid)
        self.storages[storage.key] = storage
        return storage


def _read_legacy_storage(file: mmap.mmap, storage: Storage) -> bytes:
    (size,) = struct.unpack("<q", file.read(8))
    width = 2 if storage.dtype == "bfloat16" else np.dtype(storage.dtype).itemsize
    if size != storage.size or size < 0:
        raise pickle.UnpicklingError("a storage is cut off")
    content = file.read(size * width)
    if len(content) != size * width:
        raise pickle.UnpicklingError("a storage is cut off")
    return content


def write_safetensors(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Writes float32 tensors by name, whole or not at all.

    Args:
      path: of the file; its folder is made if it does not exist.
      tensors: contiguous.

    Raises:
      InputError: it cannot be written.
    """
    header, end = {}, 0
    for name, tensor in tensors.items():
        begin, end = end, end + tensor.nbytes
        header[name] = {
            "dtype": "F32",
            "shape": tensor.shape,
            "data_offsets": [begin, end],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # numbers begin at a multiple of eight
    unfinished = path.with_name(f"unfinished-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for tensor in tensors.values():
                file.write(tensor.astype("<f4").data)
        unfinished.replace(path)
    except OSError as error:
        if unfinished.is_file():
            unfinished.unlink()
        raise errors.InputError(
            f"cannot write {path}: {errors.summarize(error)}"
        ) from error


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Reads a JSON header of its length, then the numbers it describes."""
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    start = 8 + length
    found = {}
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        begin, end = tensor["data_offsets"]
        if begin < 0:
            raise ValueError(f"{name} begins before the numbers do")
        raw = content[start + begin : start + end]
        if tensor["dtype"] == "BF16":
            halves = np.frombuffer(raw, "<u2").astype(np.uint32)
            numbers = (halves << 16).view(np.float32)
        else:
            numbers = np.frombuffer(raw, _SAFETENSORS_DTYPES[tensor["dtype"]])
        if numbers.size != math.prod(tensor["shape"]):
            raise ValueError(f"{name} is cut off")
        found[name] = numbers.reshape(tensor["shape"])
    return found
