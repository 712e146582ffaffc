"""What a file is by its content, to call one that was given for another what it is."""

import re
import struct
import zipfile
from pathlib import Path
from typing import NamedTuple

from slimnets import errors

# The last eight bytes of a V2 checkpoint's index, and of a V1 checkpoint.
_TABLE_END = struct.pack("<Q", 0xDB4775248B80FB57)
_TORCH_LEGACY = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"  # the pickle of its magic number
_HEAD = 1024  # bytes that tell a kind


class FileKind(NamedTuple):
    """A kind of file.

    Attributes:
      what: its name, with its article.
      source: the word of `convert-weights --from` that reads it; '' for none.
      advice: what to do with it where nothing reads it.
    """

    what: str
    source: str = ""
    advice: str = ""

    def advise(self, path: str | Path) -> str:
        """Returns what to do with it where a checkpoint is asked for."""
        if not self.source:
            return self.advice
        return (
            f"`slimnets convert-weights --from={self.source} --weights={path}` makes"
            " one of it"
        )


KERAS_ARCHIVE = FileKind("a .keras file", "keras")
HDF5 = FileKind("an HDF5 file, as Keras' .h5", "keras")
TORCH = FileKind("a PyTorch file", "torch")
SAFETENSORS = FileKind("a safetensors file", "torch")
TFLITE = FileKind("a .tflite file", "tflite")
SAVED_MODEL = FileKind("a SavedModel's folder", "saved_model")
SAVED_MODEL_FILE = FileKind(
    "the graph of a SavedModel", advice="give the folder it lies in"
)
FROZEN_GRAPH = FileKind("a TensorFlow graph (.pb)", "frozen_graph")
TORCH_SCRIPT = FileKind(
    "a TorchScript program",
    advice="save torch.jit.load(file).state_dict() in a file of its own",
)
NUMPY = FileKind("a NumPy file", advice="give the file of weights itself")
GZIP = FileKind("compressed with gzip", advice="unpack it with gunzip first")
ZLIB = FileKind("compressed with zlib", advice="decompress it first")
TAR = FileKind("a tar archive", advice="unpack it with tar -xf first")
ZIP = FileKind("a zip archive", advice="unpack it first")
ONNX = FileKind("an ONNX file", advice="give the weights that it was made of")
RECORDS = FileKind(
    "a TFRecord file, which holds images", advice="--dataset_dir takes its folder"
)
LFS_POINTER = FileKind(
    "a Git LFS pointer and not the file itself", advice="fetch it with git lfs pull"
)
WEB_PAGE = FileKind("a web page", advice="download the file itself again")
EMPTY = FileKind("empty", advice="copy or download it again")
META_GRAPH = FileKind(
    "a checkpoint's graph", advice="give the checkpoint, whose weights lie beside it"
)
STATE = FileKind("a checkpoint's state file", "checkpoint")
TABLE = FileKind("a checkpoint's file", "checkpoint")

_FIRST_BYTES = (
    (b"\x89HDF\r\n\x1a\n", HDF5),
    (b"version https://git-lfs", LFS_POINTER),
    (b"\x1f\x8b", GZIP),
    (b"\x93NUMPY", NUMPY),
    (b"model_checkpoint_path:", STATE),
)


def recognize(path: str | Path) -> FileKind | None:
    """Returns what a file or folder is; None where that is not known."""
    path = Path(path)
    if path.is_dir():
        is_model = (path / "saved_model.pb").is_file()
        return SAVED_MODEL if is_model else None
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            file.seek(max(0, path.stat().st_size - len(_TABLE_END)))
            end = file.read()
        return _recognize_zip(path) or _recognize_bytes(path, head, end)
    except OSError:
        return None


def require_source(path: str | Path, source: str) -> None:
    """Raises an InputError if a file is known to be of another kind than asked for.

    Args:
      path: of the file.
      source: the word of `convert-weights --from` that was given.
    """
    kind = recognize(path)
    if kind in (None, EMPTY) or kind.source == source:
        return
    advice = f"give --from={kind.source}" if kind.source else kind.advice
    raise errors.InputError(f"{path} is {kind.what}: {advice}")


def _recognize_zip(path: Path) -> FileKind | None:
    """Tells the kinds that are zip archives apart by their members."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error):
        return None
    inside = {name.partition("/")[2] for name in names}
    if "model.weights.h5" in names or "config.json" in names:
        return KERAS_ARCHIVE
    if any(name.startswith("code/") for name in inside):
        return TORCH_SCRIPT
    if "data.pkl" in inside:
        return TORCH
    is_numpy = bool(names) and all(name.endswith(".npy") for name in names)
    return NUMPY if is_numpy else ZIP


def _recognize_bytes(path: Path, head: bytes, end: bytes) -> FileKind | None:
    if not head:
        return EMPTY
    for first, kind in _FIRST_BYTES:
        if head.startswith(first):
            return kind
    if head[4:8] == b"TFL3":
        return TFLITE
    if _TORCH_LEGACY in head[:32]:
        return TORCH
    if head[257:262] == b"ustar":
        return TAR
    if re.match(rb"\s*<(!doctype|html)", head, re.IGNORECASE):
        return WEB_PAGE
    if end == _TABLE_END:
        return TABLE
    if _is_safetensors(head):
        return SAFETENSORS
    if head[0] == 0x78 and int.from_bytes(head[:2], "big") % 31 == 0:
        return ZLIB
    return _recognize_name(path)


def _is_safetensors(head: bytes) -> bool:
    return head[8:10] == b'{"' and int.from_bytes(head[:8], "little") < 2**32


def _recognize_name(path: Path) -> FileKind | None:
    """Tells what has no bytes of its own to know it by."""
    if path.name == "saved_model.pb":
        return SAVED_MODEL_FILE
    by_suffix = {
        ".pb": FROZEN_GRAPH,
        ".onnx": ONNX,
        ".meta": META_GRAPH,
        ".tfrecord": RECORDS,
        ".tfrecords": RECORDS,
    }
    return by_suffix.get(path.suffix)
