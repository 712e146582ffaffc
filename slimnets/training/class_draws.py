"""How often training draws the images of each class: --sample."""

from collections.abc import Callable

import numpy as np

from slimnets.config.train import TrainConfig
from slimnets.datasets import label_counts, sampling
from slimnets.datasets.registry import Dataset
from slimnets.training import class_weights


def find_sampling(
    config: TrainConfig, dataset: Dataset, log: Callable[[str], None]
) -> sampling.Sampling | None:
    """Returns what --sample says; None without it.

    Args:
      config: all settings.
      dataset: the split to train on, whose labels are read.
      log: gets a line with the extremes of how often an image is drawn.

    Raises:
      InputError: it names a class that the dataset has not, or no number, or the
        images have not one label each.
    """
    words = config.sampling.sample
    if not words:
        return None
    balanced = words == (class_weights.BALANCED,)
    if not balanced:
        weights = class_weights.read(words, dataset.class_names, "sample")
    classes = label_counts.read_classes(dataset, skips=config.reading.skips)
    sizes = np.bincount(classes[classes >= 0], minlength=dataset.num_classes)
    if balanced:
        weights = class_weights.balance(sizes.tolist())
    drawn = sampling.make_sampling(classes, weights)
    log(_describe(drawn, sizes, dataset))
    return drawn


def _describe(drawn: sampling.Sampling, sizes: np.ndarray, dataset: Dataset) -> str:
    """Returns the classes whose images are drawn the least and the most often."""
    times = drawn.draws[:-1] / np.maximum(sizes, 1)
    present = np.flatnonzero(sizes)
    least, most = (present[pick(times[present])] for pick in (np.argmin, np.argmax))
    return (
        f"--sample: an epoch has {drawn.draws.sum():,} draws, of an image of"
        f" {dataset.class_names[least]} {times[least]:.3g}, of"
        f" {dataset.class_names[most]} {times[most]:.3g}"
    )
