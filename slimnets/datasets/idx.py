"""MNIST and Fashion-MNIST as they are published: four idx files, plain or gzipped.

The format: http://yann.lecun.com/exdb/mnist/ (magic: two zero bytes, 8 for uint8, the
number of dimensions; then each dimension as a big-endian uint32; then the values).
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from slimnets import errors
from slimnets.datasets.arrays import ArrayDataset, Split

_UNSIGNED_BYTE = 8
_SPLIT_PREFIXES = {"train": "train", "test": "t10k"}
_GZIP_MAGIC = b"\x1f\x8b"

_MNIST_CLASSES = (
    *("zero", "one", "two", "three", "four"),
    *("five", "six", "seven", "eight", "nine"),
)
_FASHION_CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)


def load_mnist(source: Path) -> ArrayDataset:
    """Reads the folder of MNIST's four files: 28x28 gray digits.

    Raises:
      InputError: a file is missing, cut off or not what it should be.
    """
    return ArrayDataset(
        name="mnist",
        classes=_MNIST_CLASSES,
        splits=_read_splits(source),
        source="http://yann.lecun.com/exdb/mnist/",
        credit="Y. LeCun, C. Cortes, C. J. C. Burges",
    )


def load_fashion_mnist(source: Path) -> ArrayDataset:
    """Reads the folder of Fashion-MNIST's four files: 28x28 gray articles.

    Raises:
      InputError: a file is missing, cut off or not what it should be.
    """
    return ArrayDataset(
        name="fashion_mnist",
        classes=_FASHION_CLASSES,
        splits=_read_splits(source),
        source="https://github.com/zalandoresearch/fashion-mnist",
        credit="H. Xiao, K. Rasul, R. Vollgraf (Zalando SE), arXiv:1708.07747",
        licence="MIT",
    )


def read_array(path: Path, dimensions: int) -> np.ndarray:
    """Reads one idx file of unsigned bytes.

    Args:
      path: plain or gzipped, told by content.
      dimensions: how many the file has to have: 1 for labels, 3 for images.

    Returns:
      uint8, of the shape the file states.

    Raises:
      InputError: the file cannot be read, is no such file, is cut off or too long.
    """
    content = _read(path)
    magic = bytes((0, 0, _UNSIGNED_BYTE, dimensions))
    start = 4 + 4 * dimensions
    if content[:4] != magic or len(content) < start:
        raise errors.InputError(
            f"{path} is not an idx file of {dimensions}-dimensional unsigned bytes: it"
            f" begins with {content[:4].hex()}, not {magic.hex()}"
        )
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise errors.InputError(
            f"{path} holds {len(content) - start} values where its header states"
            f" {' x '.join(map(str, shape))}; it is cut off or damaged, get it again"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _read_splits(source: Path) -> dict[str, Split]:
    return {
        split: _read_split(source, prefix) for split, prefix in _SPLIT_PREFIXES.items()
    }


def _read_split(source: Path, prefix: str) -> Split:
    images = read_array(_find(source, f"{prefix}-images", "idx3-ubyte"), 3)
    path = _find(source, f"{prefix}-labels", "idx1-ubyte")
    labels = read_array(path, 1)
    if len(images) != len(labels):
        raise errors.InputError(
            f"{path} holds {len(labels)} labels for {len(images)} images"
        )
    if len(labels) == 0 or labels.max() >= len(_MNIST_CLASSES):
        raise errors.InputError(f"{path} is empty or holds labels above 9")
    return Split(images[..., np.newaxis], labels)


def _find(source: Path, stem: str, suffix: str) -> Path:
    names = [f"{stem}{dot}{suffix}{gz}" for dot in "-." for gz in ("", ".gz")]
    for name in names:
        if (source / name).is_file():
            return source / name
    raise errors.InputError(f"no {names[0]} or {names[1]} in {source}")


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content[:2] == _GZIP_MAGIC else content
    except (OSError, EOFError, zlib.error) as error:
        raise errors.InputError(f"cannot read {path}: {error}; get it again") from error
