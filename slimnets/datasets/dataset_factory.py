"""research/slim's data sets by name, for tf_slim's data providers in v1 graphs."""

from types import ModuleType
from typing import Any

from slimnets import errors, slim
from slimnets.datasets import cifar10, flowers, imagenet, mnist, visualwakewords

datasets_map: dict[str, ModuleType] = {
    "cifar10": cifar10,
    "flowers": flowers,
    "imagenet": imagenet,
    "mnist": mnist,
    "visualwakewords": visualwakewords,
}


def get_dataset(
    name: str,
    split_name: str,
    dataset_dir: str,
    file_pattern: str | None = None,
    reader: Any = None,
) -> slim.dataset.Dataset:
    """Returns a split of a data set by name.

    Args:
      name: of datasets_map.
      split_name: such as 'train'.
      dataset_dir: the folder of its files.
      file_pattern: of the files' names, with %s for the split; None for its own.
      reader: class that reads a file; None takes TFRecordReader.

    Raises:
      InputError: there is no such data set, or no such split.
    """
    if name not in datasets_map:
        raise errors.unknown("dataset", name, datasets_map)
    return datasets_map[name].get_split(split_name, dataset_dir, file_pattern, reader)
