"""CIFAR-10, as research/slim's script converted it, under its module name."""

from typing import Any

from slimnets import slim
from slimnets.datasets.slim_split import Source, read_split

SPLITS_TO_SIZES = {"train": 50_000, "test": 10_000}
SOURCE = Source(
    pattern="cifar10_%s.tfrecord",
    sizes=SPLITS_TO_SIZES,
    num_classes=10,
    image_format="png",
    image_shape=(32, 32, 3),
    items={
        "image": "A color image of 32x32 pixels.",
        "label": "An integer from 0 to 9.",
    },
)


def get_split(
    split_name: str,
    dataset_dir: str,
    file_pattern: str | None = None,
    reader: Any = None,
) -> slim.dataset.Dataset:
    """Returns a split for tf_slim's data providers; arguments as `read_split`'s."""
    return read_split(SOURCE, split_name, dataset_dir, file_pattern, reader)
