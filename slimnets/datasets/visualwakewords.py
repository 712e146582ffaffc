"""Visual Wake Words, persons in photos of COCO, under research/slim's module name.

Chowdhery et al., arXiv:1906.05721.
"""

from typing import Any

from slimnets import slim
from slimnets.datasets import slim_split
from slimnets.datasets.slim_split import Source, read_split

SPLITS_TO_SIZES = {"train": 82_783, "val": 40_504}
SOURCE = Source(
    pattern="%s.record-*",
    sizes=SPLITS_TO_SIZES,
    num_classes=2,
    image_format="jpeg",
    image_shape=None,
    items={
        "image": "A color image of varying size.",
        "label": "1 where the image shows the object, 0 elsewhere.",
        "object/bbox": "Boxes: ymin, xmin, ymax, xmax in [0, 1].",
    },
)


def get_split(
    split_name: str,
    dataset_dir: str,
    file_pattern: str | None = None,
    reader: Any = None,
) -> slim.dataset.Dataset:
    """Returns a split for tf_slim's data providers; arguments as `read_split`'s."""
    return read_split(
        SOURCE,
        split_name,
        dataset_dir,
        file_pattern,
        reader,
        features={**slim_split.UNKNOWN_LABEL, **slim_split.BOX_FEATURES},
        handlers=slim_split.BOX_HANDLERS,
    )
