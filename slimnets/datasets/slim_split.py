"""Splits of TFRecords as tf_slim's data providers read them, in v1 graphs.

`slim.dataset_data_provider.DatasetDataProvider(split)` gives images and labels from
queues. `slimnets.datasets.pipeline` reads the same files by tf.data.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.datasets import dataset_utils

v1 = tf.compat.v1

_CORNERS = ["ymin", "xmin", "ymax", "xmax"]
_BOXES = "image/object/bbox/"
# Of data sets with boxes: features of their records, and the item 'object/bbox'.
BOX_FEATURES = {f"{_BOXES}{name}": v1.VarLenFeature(tf.float32) for name in _CORNERS}
BOX_HANDLERS = {"object/bbox": slim.tfexample_decoder.BoundingBox(_CORNERS, _BOXES)}
UNKNOWN_LABEL = {
    "image/class/label": v1.FixedLenFeature([], tf.int64, default_value=-1)
}


class Source(NamedTuple):
    """A data set that research/slim's scripts convert.

    Attributes:
      pattern: of the files' names, with %s for the split.
      sizes: examples of each split.
      num_classes: of its labels.
      image_format: of images whose record names none.
      image_shape: [height, width, channels], where all images have it.
      items: what a provider gives, with a description of each.
    """

    pattern: str
    sizes: Mapping[str, int]
    num_classes: int
    image_format: str
    image_shape: tuple[int, int, int] | None
    items: Mapping[str, str]


def read_split(
    source: Source,
    split_name: str,
    dataset_dir: str,
    file_pattern: str | None = None,
    reader: Any = None,
    features: Mapping[str, Any] | None = None,
    handlers: Mapping[str, Any] | None = None,
) -> slim.dataset.Dataset:
    """Returns a split as tf_slim's providers take it.

    Args:
      source: the data set.
      split_name: of its splits.
      dataset_dir: the folder of the files, with labels.txt, if there is one.
      file_pattern: of the files' names, with %s for the split; None takes the source's.
      reader: class that reads a file; None takes TFRecordReader.
      features: of the records, besides image and label; None for none.
      handlers: item -> what makes it of features, besides image and label.

    Raises:
      InputError: there is no such split.
    """
    if split_name not in source.sizes:
        raise errors.unknown("split", split_name, source.sizes)
    pattern = Path(dataset_dir, (file_pattern or source.pattern) % split_name)
    shape = source.image_shape
    keys_to_features = {
        "image/encoded": v1.FixedLenFeature((), tf.string, default_value=""),
        "image/format": v1.FixedLenFeature((), tf.string, source.image_format),
        "image/class/label": v1.FixedLenFeature([], tf.int64, default_value=0),
        **(features or {}),
    }
    image = slim.tfexample_decoder.Image(
        shape=shape and list(shape), channels=shape[2] if shape else 3
    )
    label = slim.tfexample_decoder.Tensor("image/class/label")
    items = {"image": image, "label": label, **(handlers or {})}
    named = dataset_utils.has_labels(dataset_dir)
    return slim.dataset.Dataset(
        data_sources=str(pattern),
        reader=reader or v1.TFRecordReader,
        decoder=slim.tfexample_decoder.TFExampleDecoder(keys_to_features, items),
        num_samples=source.sizes[split_name],
        items_to_descriptions=dict(source.items),
        num_classes=source.num_classes,
        labels_to_names=dataset_utils.read_label_file(dataset_dir) if named else None,
    )
