"""TF-Slim's flowers, five classes of photos, under research/slim's module name."""

from typing import Any

from slimnets import slim
from slimnets.datasets.slim_split import Source, read_split

SPLITS_TO_SIZES = {"train": 3320, "validation": 350}
SOURCE = Source(
    pattern="flowers_%s_*.tfrecord",
    sizes=SPLITS_TO_SIZES,
    num_classes=5,
    image_format="png",
    image_shape=None,
    items={
        "image": "A color image of varying size.",
        "label": "An integer from 0 to 4.",
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
