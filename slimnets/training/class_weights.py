"""Weights of the classes in the loss, against classes that have few images."""

from collections.abc import Callable, Mapping, Sequence

from slimnets import errors
from slimnets.config.train import TrainConfig
from slimnets.datasets import label_counts
from slimnets.datasets.registry import Dataset

BALANCED = "balanced"


def find_class_weights(
    config: TrainConfig, dataset: Dataset, log: Callable[[str], None]
) -> tuple[float, ...] | None:
    """Returns what --class_weights says, by class of the network; None without it.

    Args:
      config: all settings.
      dataset: the split to train on, whose images `balanced` counts.
      log: gets a line with the weights where they were counted.

    Raises:
      InputError: it names a class that the dataset has not, or no number.
    """
    words, offset = config.losses.class_weights, config.data.labels_offset
    if not words:
        return None
    if words == (BALANCED,):
        counts = label_counts.count_labels(dataset, skips=config.reading.skips)
        weights = balance(counts)
        log(f"--class_weights=balanced: {_describe(weights, dataset.class_names)}")
    else:
        weights = read(words, dataset.class_names)
    return _shift(weights, offset)


def balance(counts: Sequence[int]) -> list[float]:
    """Returns images / (classes * images of the class), 1 for a class without any.

    Only classes that have images count, so over the images the mean is 1.

    Args:
      counts: images of each class, by class id.
    """
    images, classes = sum(counts), sum(count > 0 for count in counts)
    return [images / (classes * count) if count else 1.0 for count in counts]


def read(
    words: Sequence[str], class_names: Sequence[str], flag: str = "class_weights"
) -> list[float]:
    """Returns the weights that words such as "rose=2" give; 1 for other classes.

    Args:
      words: NAME=WEIGHT or NUMBER=WEIGHT, each class once. A name goes before a number.
      class_names: by class id.
      flag: whose words they are.

    Raises:
      InputError: a word is something else, or names no class, or one twice.
    """
    given: dict[int, float] = {}
    for word in words:
        name, _, number = word.rpartition("=")
        class_id = _find_class(name, word, class_names, flag)
        if class_id in given:
            raise errors.InputError(f"--{flag} weighs {class_names[class_id]!r} twice")
        given[class_id] = _read_weight(number, word, flag)
    return [given.get(class_id, 1.0) for class_id in range(len(class_names))]


def _find_class(name: str, word: str, class_names: Sequence[str], flag: str) -> int:
    if not name:
        raise errors.InputError(
            f"--{flag} has {word!r}; write CLASS=WEIGHT for each class, with"
            f" commas between, or {BALANCED} alone"
        )
    if name in class_names:
        return list(class_names).index(name)
    if name.isdecimal() and int(name) < len(class_names):
        return int(name)
    raise errors.unknown(f"class in --{flag}:", name, class_names)


def _read_weight(number: str, word: str, flag: str) -> float:
    try:
        weight = float(number)
    except ValueError:
        weight = -1.0
    if not 0 <= weight < float("inf"):
        raise errors.InputError(
            f"--{flag} has {word!r}; a weight has to be a number, 0 or more"
        )
    return weight


def _shift(weights: Sequence[float], labels_offset: int) -> tuple[float, ...]:
    """Returns the weights by class of the network, of those of the dataset."""
    if labels_offset < 0:  # a background class that no image is of
        return (*([1.0] * -labels_offset), *weights)
    return tuple(weights[labels_offset:])


def _describe(weights: Sequence[float], class_names: Sequence[str]) -> str:
    """Returns the largest and the smallest weight with their classes."""
    by_name: Mapping[str, float] = dict(zip(class_names, weights, strict=True))
    least, most = (
        min(by_name, key=by_name.__getitem__),
        max(by_name, key=by_name.__getitem__),
    )
    return f"from {by_name[least]:.3g} for {least} to {by_name[most]:.3g} for {most}"
