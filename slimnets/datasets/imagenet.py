"""ImageNet of ILSVRC 2012 with its boxes, under research/slim's module name.

Names of classes are those of labels.txt in the folder; nothing is downloaded.
"""

from typing import Any

import tensorflow as tf

from slimnets import slim
from slimnets.datasets import slim_split
from slimnets.datasets.slim_split import Source, read_split

v1 = tf.compat.v1

SPLITS_TO_SIZES = {"train": 1_281_167, "validation": 50_000}
SOURCE = Source(
    pattern="%s-*",
    sizes=SPLITS_TO_SIZES,
    num_classes=1001,  # 0 is the background
    image_format="jpeg",
    image_shape=None,
    items={
        "image": "A color image of varying size.",
        "label": "An integer from 1 to 1000; -1 if the record has none.",
        "label_text": "The class's name.",
        "object/bbox": "Boxes: ymin, xmin, ymax, xmax in [0, 1].",
        "object/label": "The class of each box.",
    },
)


def get_split(
    split_name: str,
    dataset_dir: str,
    file_pattern: str | None = None,
    reader: Any = None,
) -> slim.dataset.Dataset:
    """Returns a split for tf_slim's data providers; arguments as `read_split`'s."""
    decoders = slim.tfexample_decoder
    return read_split(
        SOURCE,
        split_name,
        dataset_dir,
        file_pattern,
        reader,
        features={
            **slim_split.UNKNOWN_LABEL,
            **slim_split.BOX_FEATURES,
            "image/class/text": v1.FixedLenFeature([], tf.string, default_value=""),
            "image/object/class/label": v1.VarLenFeature(tf.int64),
        },
        handlers={
            "label_text": decoders.Tensor("image/class/text"),
            **slim_split.BOX_HANDLERS,
            "object/label": decoders.Tensor("image/object/class/label"),
        },
    )
