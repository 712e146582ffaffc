"""Small photos, and a dataset of gray images whose pixels tell their index."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets.datasets import arrays
from slimnets.datasets.registry import Dataset, get_dataset


@pytest.fixture
def photo() -> Callable[..., bytes]:
    """Returns a maker of JPEG or PNG files that differ by seed."""

    def make(seed: int, kind: str = "jpeg", height: int = 12, width: int = 16) -> bytes:
        noise = np.random.default_rng(seed)
        image = noise.integers(0, 256, (height, width, 3)).astype(np.uint8)
        encode = {"jpeg": tf.io.encode_jpeg, "png": tf.io.encode_png}[kind]
        return encode(image).numpy()

    return make


@pytest.fixture
def photo_folder(tmp_path: Path, photo: Callable[..., bytes]) -> Path:
    """Returns a folder of two classes, 30 JPEG cats and 20 PNG dogs."""
    folder = tmp_path / "photos"
    for name, kind, seeds in (
        ("cat", "jpeg", range(30)),
        ("dog", "png", range(50, 70)),
    ):
        (folder / name).mkdir(parents=True)
        for seed in seeds:
            (folder / name / f"{seed}.{kind}").write_bytes(photo(seed, kind))
    return folder


@pytest.fixture
def numbered(tmp_path: Path) -> Callable[..., Dataset]:
    """Returns a maker of datasets whose image k is all k and whose label is k % 3."""

    def make(examples: int, shards: int = 1) -> Dataset:
        index = np.arange(examples, dtype=np.uint8)
        images = np.broadcast_to(index[:, None, None, None], (examples, 4, 4, 1))
        dataset = arrays.ArrayDataset(
            name="numbered",
            classes=("a", "b", "c"),
            splits={"train": arrays.Split(images, index % 3)},
        )
        arrays.convert(dataset, tmp_path / "numbered", shards=shards, overwrite=True)
        return get_dataset(str(tmp_path / "numbered"), "train")

    return make
