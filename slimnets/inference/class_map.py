"""--class_map: a network scored on a dataset whose classes are several of its own.

The probabilities of the network's classes that are one class of the dataset are summed.
What it gives to classes that are none of the dataset's is left out, and not shared
among the others: the sums of an image add up to less than 1 then.
"""

import collections
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.datasets import imagenet_names
from slimnets.datasets.registry import Dataset
from slimnets.inference import class_map_file, class_matching, metrics
from slimnets.inference.class_map_file import FLAG
from slimnets.inference.label_offset import BACKGROUND

_NONE = -1  # in the place of a dataset's class


@dataclasses.dataclass(frozen=True)
class ClassMap:
    """Which class of a dataset each class of a network is.

    Attributes:
      classes: by the network's class; -1 for one that is none.
      num_classes: of the dataset.
    """

    classes: tuple[int, ...]
    num_classes: int

    @property
    def reached(self) -> np.ndarray:
        """Whether some class of the network is each of the dataset's, bool."""
        return np.isin(np.arange(self.num_classes), self.classes)

    @property
    def left_out(self) -> int:
        """How many classes of the network are none of the dataset's."""
        return self.classes.count(_NONE)

    def count_lost(self, count: np.ndarray) -> int:
        """Returns how many images are of classes that the network cannot say.

        Args:
          count: integer [classes], images of each class of the dataset.
        """
        return int(count[~self.reached].sum())

    def sum(self, logits: tf.Tensor) -> tf.Tensor:
        """Returns the logarithms of the summed probabilities.

        Args:
          logits: float [batch, classes of the network], whose softmax is meant.

        Returns:
          float32 [batch, classes of the dataset]: the lowest number there is for a
          class that is none of the network's; NaN where any logit is not finite.
        """
        logits = tf.cast(logits, tf.float64)
        finite = tf.reduce_all(tf.math.is_finite(logits), axis=-1)
        shares = tf.transpose(tf.nn.log_softmax(logits))
        taken = np.flatnonzero(np.array(self.classes) != _NONE)
        ids = np.array(self.classes, np.int32)[taken]
        shares = tf.gather(shares, taken)
        # Of logarithms, where no probability is too small for a number.
        largest = tf.math.unsorted_segment_max(shares, ids, self.num_classes)
        parts = tf.exp(shares - tf.gather(largest, ids))
        sums = tf.math.unsorted_segment_sum(parts, ids, self.num_classes)
        sums = tf.transpose(tf.cast(largest + tf.math.log(sums), tf.float32))
        sums = tf.where(self.reached, sums, tf.float32.min)
        return tf.where(finite[:, None], sums, np.nan)

    def score(self, sums: tf.Tensor, labels: tf.Tensor) -> metrics.Scores:
        """Scores a batch.

        Args:
          sums: as of `sum`.
          labels: integer [batch], the dataset's classes.

        Returns:
          The scores, whose loss is minus the logarithm of the label's summed
          probability; infinite for a class that the network cannot say.
        """
        scores = metrics.score(sums, labels)
        loss = -tf.gather(sums, labels, batch_dims=1)
        is_reached = tf.gather(self.reached, labels)
        return scores._replace(
            in_top5=scores.in_top5 & is_reached,
            loss=tf.where(is_reached | tf.math.is_nan(loss), loss, np.inf),
        )

    def to_json(self, count: np.ndarray) -> dict[str, Any]:
        """Returns what the results say of it.

        Args:
          count: as of `count_lost`.
        """
        return {
            "network_classes": len(self.classes),
            "left_out": self.left_out,
            "images_of_other_classes": self.count_lost(count),
        }


def match(
    path: str,
    checkpoint: str,
    num_classes: int,
    dataset: Dataset,
    log: Callable[[str], None],
) -> ClassMap:
    """Finds the classes that a file names.

    Args:
      path: of the file; see `class_map_file.read`.
      checkpoint: its path, beside which the names of the network's classes are.
      num_classes: of its logits.
      dataset: whose classes they become.
      log: gets a line for what is left out on either side.

    Raises:
      InputError: the file names a class that is not there, or one twice.
    """
    names = _list_network_names(path, checkpoint, num_classes)
    sides = _Side("the network", names), _Side(dataset.name, dataset.class_names)
    classes = [_NONE] * num_classes
    for network_class, dataset_class in class_map_file.read(path):
        k = sides[0].find(path, network_class, sides[1])
        label = sides[1].find(path, dataset_class, sides[0])
        if classes[k] not in (_NONE, label):
            first = dataset.class_names[classes[k]]
            raise errors.InputError(
                f"{FLAG}={path} maps {network_class!r} twice: to {first!r} and to"
                f" {dataset_class!r}"
            )
        classes[k] = label
    found = ClassMap(tuple(classes), dataset.num_classes)
    _tell_left_out(found, dataset, log)
    return found


def describe_lost(lost: int) -> str:
    """Returns the line of images that are of classes the network cannot say."""
    return (
        f"images of classes that no class of the network is mapped to: {lost}; they"
        " count as wrong, and make the loss infinite"
    )


def _list_network_names(path: str, checkpoint: str, num_classes: int) -> Sequence[str]:
    """Returns the names of a network's classes: ImageNet's by synset, if it has none.

    Where nobody knows names, they are numbers.
    """
    trained = class_matching.read_trained(checkpoint)
    if trained and len(trained.names) == num_classes:
        return trained.names
    names = imagenet_names.list_names(num_classes)
    background = names[: len(names) - 1000]
    if names:
        return (*background, *imagenet_names.list_synsets())
    return tuple(str(k) for k in range(num_classes))


class _Side:
    """The classes of the network or of the dataset, by all that they are called."""

    def __init__(self, owner: str, names: Sequence[str]) -> None:
        self.owner, self._names = owner, names
        self._numbers = collections.defaultdict(set)
        for k, called in _list_spellings(names):
            self._numbers[called].add(k)
        first = 1 if _is_imagenet_with_background(names) else 0
        self._by_id = {str(k - first): k for k in range(first, len(names))}

    def find(self, path: str, name: str, other: "_Side") -> int:
        """Returns the number of a class."""
        found = self._numbers.get(name, set())
        if not found and name in self._by_id:
            return self._by_id[name]
        if len(found) == 1:
            return next(iter(found))
        where = f"{FLAG}={path}: {errors.printable(name)!r}"
        if found:
            raise errors.InputError(
                f"{where} is what {len(found)} classes of {self.owner} are called; give"
                f" its number: {' or '.join(self._list_ids(found))}"
            )
        raise errors.InputError(
            f"{where} is none of the {len(self._names)} classes of {self.owner}"
            f"{self._suggest(name, other)}"
        )

    def _list_ids(self, classes: set[int]) -> list[str]:
        return [text for text, k in self._by_id.items() if k in classes]

    def _suggest(self, name: str, other: "_Side") -> str:
        if name in other._numbers:
            return f", but one of those of {other.owner}: are the two sides swapped?"
        near = get_close_matches(name, self._numbers, n=3, cutoff=0.6)
        if near:
            return f"; did you mean {' or '.join(map(errors.printable, near))}?"
        return f", which are {class_matching.format_some(self._names)}"


def _list_spellings(names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yields a number and a name, for each name of each class.

    ImageNet's classes are called by their synsets and in words.
    """
    yield from enumerate(names)
    words: Mapping[str, str] = dict(
        zip(imagenet_names.list_synsets(), imagenet_names.list_names(1000), strict=True)
    )
    if set(names) <= {BACKGROUND, *words}:
        yield from ((k, words.get(name, name)) for k, name in enumerate(names))
    if tuple(names) == imagenet_names.list_names(len(names)):
        yield from enumerate(imagenet_names.list_synsets(), len(names) - 1000)


def _is_imagenet_with_background(names: Sequence[str]) -> bool:
    """Returns whether ImageNet's class 0 has number 1."""
    synsets = imagenet_names.list_synsets()
    known = (imagenet_names.list_names(1000), synsets)
    return names[0] == BACKGROUND and tuple(names[1:]) in known


def _tell_left_out(
    found: ClassMap, dataset: Dataset, log: Callable[[str], None]
) -> None:
    if found.left_out:
        log(
            "classes of the network that are mapped to no class of"
            f" {dataset.name}: {found.left_out} of {len(found.classes)}; their"
            " probability is left out"
        )
    reached = np.flatnonzero(found.reached).tolist()
    lacking = class_matching.list_named(dataset.class_names, without=reached)
    if lacking:
        log(
            f"classes of {dataset.name} that no class of the network is mapped to:"
            f" {class_matching.format_some(lacking)}; their images cannot be right"
        )
