"""CIFAR-10 as it is published: the Python or the binary version, packed or not.

The formats: https://www.cs.toronto.edu/~kriz/cifar.html. Images are 32x32, stored as
3072 bytes: the red plane, the green one, the blue one, each row by row.
"""

import io
import pickle
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from slimnets import errors
from slimnets.datasets.arrays import ArrayDataset, Split

_CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
_SPLIT_BATCHES = {
    "train": tuple(f"data_batch_{number}" for number in range(1, 6)),
    "test": ("test_batch",),
}
_SIZE = 32
_PIXELS = 3 * _SIZE * _SIZE
_PACKED = ("cifar-10-python.tar.gz", "cifar-10-binary.tar.gz")
_UNPACKED = ("cifar-10-batches-py", "cifar-10-batches-bin")

# All that the Python version's pickles name; a pickle can name any function to call.
_ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


def load(source: Path) -> ArrayDataset:
    """Reads CIFAR-10: 50,000 and 10,000 coloured 32x32 images as published.

    Args:
      source: cifar-10-python.tar.gz, cifar-10-binary.tar.gz, the folder that either
        unpacks to, or a folder holding one of these.

    Raises:
      InputError: nothing of the kind is there, a file is missing or damaged.
    """
    files = _read_files(source)
    splits = {}
    for split, names in _SPLIT_BATCHES.items():
        batches = [_read_batch(files, name, source) for name in names]
        splits[split] = Split(*map(np.concatenate, zip(*batches, strict=True)))
    return ArrayDataset(
        name="cifar10",
        classes=_CLASSES,
        splits=splits,
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
        credit="A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images",
    )


class _ArrayUnpickler(pickle.Unpickler):
    """Loads arrays, bytes, lists and dicts; refuses whatever else a pickle names."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(
                f"it names {errors.printable(module)}.{errors.printable(name)}"
            )
        return _ADMITTED[module, name]


def _read_files(source: Path) -> Mapping[str, bytes]:
    """Returns the batches by file name, out of a folder or an archive."""
    for path in (source, *(source / name for name in (*_UNPACKED, *_PACKED))):
        if path.is_file():
            return _unpack(path)
        if path.is_dir() and any(path.glob("*_batch*")):
            batches = (*path.glob("data_batch_*"), *path.glob("test_batch*"))
            return {batch.name: batch.read_bytes() for batch in batches}
    raise errors.InputError(
        f"no CIFAR-10 in {source}; give {' or '.join(_PACKED)}, or the folder that it"
        " unpacks to"
    )


def _unpack(path: Path) -> Mapping[str, bytes]:
    try:
        with tarfile.open(path) as archive:
            return {
                Path(member.name).name: content.read()
                for member in archive
                if member.isfile() and (content := archive.extractfile(member))
            }
    except (OSError, EOFError, tarfile.TarError) as error:
        raise errors.InputError(f"cannot read {path}: {error}; get it again") from error


def _read_batch(files: Mapping[str, bytes], name: str, source: Path) -> Split:
    if f"{name}.bin" in files:
        name = f"{name}.bin"
        planes, labels = _parse_binary(files[name], f"{source}: {name}")
    elif name in files:
        planes, labels = _parse_pickle(files[name], f"{source}: {name}")
    else:
        raise errors.InputError(f"{source} lacks {name} (or {name}.bin); get it again")
    if len(labels) == 0 or not 0 <= labels.min() <= labels.max() < len(_CLASSES):
        raise errors.InputError(f"{source}: {name} is empty or holds labels above 9")
    return Split(planes.reshape(-1, 3, _SIZE, _SIZE).transpose(0, 2, 3, 1), labels)


def _parse_binary(content: bytes, where: str) -> tuple[np.ndarray, np.ndarray]:
    if len(content) % (1 + _PIXELS):
        raise errors.InputError(
            f"{where} has {len(content)} bytes, not a multiple of {1 + _PIXELS}; it is"
            " cut off, get it again"
        )
    rows = np.frombuffer(content, np.uint8).reshape(-1, 1 + _PIXELS)
    return rows[:, 1:], rows[:, 0]


def _parse_pickle(content: bytes, where: str) -> tuple[np.ndarray, np.ndarray]:
    try:
        batch = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
        planes, labels = batch[b"data"], np.asarray(batch[b"labels"], np.int64)
    except Exception as error:  # a damaged pickle raises nearly anything
        raise errors.InputError(
            f"{where} is not a batch of CIFAR-10: {errors.summarize(error)}; get it"
            " again"
        ) from error
    shape = getattr(planes, "shape", None)
    if shape != (len(labels), _PIXELS) or planes.dtype != np.uint8:
        raise errors.InputError(
            f"{where} holds data of shape {shape} for {len(labels)} labels, where"
            f" uint8 [{len(labels)}, {_PIXELS}] should be"
        )
    return planes, labels
