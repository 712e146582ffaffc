"""idx files are read plain and gzipped; damaged ones are named."""

import gzip
import struct

import numpy as np
import pytest

from slimnets import errors
from slimnets.datasets import idx

NAMES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def encoded(array):
    header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def source(tmp_path):
    for count, (images, labels) in zip((6, 4), NAMES.values(), strict=True):
        pixels = np.arange(count * 28 * 28).reshape(count, 28, 28) % 251
        (tmp_path / images).write_bytes(encoded(pixels))
        (tmp_path / f"{labels}.gz").write_bytes(
            gzip.compress(encoded(np.arange(count)))
        )
    return tmp_path


@pytest.mark.parametrize("load", [idx.load_mnist, idx.load_fashion_mnist])
def test_images_and_labels_are_read(source, load):
    dataset = load(source)
    train, test = dataset.splits["train"], dataset.splits["test"]
    assert train.images.shape == (6, 28, 28, 1)
    assert test.images.shape == (4, 28, 28, 1)
    assert train.images[1, 0, 3, 0] == (28 * 28 + 3) % 251
    np.testing.assert_array_equal(test.labels, range(4))
    assert len(dataset.classes) == len(set(dataset.classes)) == 10


def test_names_with_a_dot_are_found(source):
    path = source / NAMES["train"][0]
    path.rename(source / "train-images.idx3-ubyte")
    assert len(idx.load_mnist(source).splits["train"].labels) == 6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"\x89PNG\r\n\x1a\n" + bytes(50),
            "not an idx file .* with 89504e47",
        ),
        (b"", "is not an idx file"),
        (encoded(np.zeros((4, 28, 28)))[:-1], "holds 3135 values .* 4 x 28 x 28"),
        (encoded(np.zeros((4, 28, 28))) + b"x", "holds 3137 values"),
        (encoded(np.zeros((3, 28, 28))), "holds 4 labels for 3 images"),
        (gzip.compress(encoded(np.zeros((4, 28, 28))), mtime=0)[:-9], "cannot read"),
    ],
    ids=[
        "a png",
        "empty",
        "a byte short",
        "a byte long",
        "one image short",
        "gzip cut off",
    ],
)
def test_damaged_images_are_named(source, content, message):
    (source / NAMES["test"][0]).write_bytes(content)
    with pytest.raises(errors.InputError, match=message):
        idx.load_mnist(source)


def test_label_above_nine_is_told(source):
    (source / f"{NAMES['test'][1]}.gz").write_bytes(encoded(np.array([1, 2, 3, 10])))
    with pytest.raises(errors.InputError, match="labels above 9"):
        idx.load_mnist(source)


def test_missing_file_is_told(source):
    (source / NAMES["test"][0]).unlink()
    with pytest.raises(errors.InputError, match=r"no t10k-images-idx3-ubyte or .* in"):
        idx.load_mnist(source)
