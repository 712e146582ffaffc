"""--true_labels: images that may be right in several ways, as ImageNet-ReaL has them.

"Are we done with ImageNet?" (Beyer et al., arXiv:2006.07159) gives each of ImageNet's
50,000 validation images the classes that are truly seen in it: an image is right where
the most probable class is among them; one without any is left out of the score.
"""

import collections
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from slimnets import errors
from slimnets.datasets import imagenet_names
from slimnets.inference.outcomes import Outcomes

NAME = "true_top1"  # of the score, beside top1
_IMAGENET = re.compile(r"ILSVRC2012_val_(\d{8})\b")
_FLAG = "--true_labels"


class TrueScore(NamedTuple):
    """How many images are right by their true labels.

    Attributes:
      right: images whose most probable class is one of theirs.
      images: that have any.
      without: that have none, and are left out.
    """

    right: int
    images: int
    without: int

    @property
    def share(self) -> float:
        """The share of right ones, in [0, 1]."""
        return self.right / self.images

    def __str__(self) -> str:
        return (
            f"by true labels: {self.right} ({self.share:.2%}) of {self.images} images"
            f" right; {self.without} without a true label left out"
        )


def read(path: str) -> Sequence[Any] | Mapping[str, Any]:
    """Returns what a file has: a list for ImageNet's images in order, or by file name.

    Raises:
      InputError: it cannot be read, or is something else.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or errors.summarize(error)
        raise errors.InputError(f"{_FLAG}={path} cannot be read: {reason}") from error
    if not isinstance(content, list | dict) or not content:
        raise errors.InputError(
            f"{_FLAG}={path} has to be a JSON list of a list of classes for each image,"
            " or an object of such lists by file name"
        )
    keys = content if isinstance(content, dict) else range(len(content))
    for key in keys:
        labels = content[key]
        if not isinstance(labels, list) or not all(map(_is_label, labels)):
            raise errors.InputError(
                f"{_FLAG}={path}: what {key!r} has is no list of class ids or names"
            )
    return content


def score(path: str, outcomes: Outcomes, class_names: Sequence[str]) -> TrueScore:
    """Scores images by their true labels.

    Args:
      path: of the file; see `read`.
      outcomes: of the images, of one label each.
      class_names: of the network's classes.

    Raises:
      InputError: an image has no entry, or a label is no class of the network.
    """
    if outcomes.labels.ndim != 1:
        raise errors.InputError(
            f"{_FLAG}: the images of this dataset have several labels already"
        )
    labels_of = read(path)
    ids = _number_classes(class_names)
    right = without = 0
    times = collections.Counter(PurePath(file).name for file in outcomes.files)
    for file, [found, *_] in zip(outcomes.files, outcomes.classes, strict=True):
        labels = _find(path, labels_of, file, times)
        classes = {_find_class(path, label, ids, class_names) for label in labels}
        right += int(found) in classes
        without += not classes
    count = len(outcomes.files) - without
    if not count:
        raise errors.InputError(f"{_FLAG}={path}: none of the images has a true label")
    return TrueScore(right, count, without)


def _is_label(label: object) -> bool:
    return isinstance(label, int | str) and not isinstance(label, bool)


def _find(
    path: str,
    labels_of: Sequence[Any] | Mapping[str, Any],
    file: str,
    times: Mapping[str, int],
) -> Sequence[int | str]:
    """Returns the labels of an image.

    Args:
      path: of the file that has them.
      labels_of: what `read` returns.
      file: of the image.
      times: how many images have each name, without its folder.
    """
    name = PurePath(file).name
    if isinstance(labels_of, Mapping):
        if file in labels_of:
            return labels_of[file]
        if name in labels_of and times[name] > 1:
            raise errors.InputError(
                f"{_FLAG}={path}: {errors.printable(name)!r} is the name of"
                f" {times[name]} images; give their folders too, such as"
                f" {errors.printable(file)!r}"
            )
        if name in labels_of:
            return labels_of[name]
        raise errors.InputError(
            f"{_FLAG}={path} has no entry for the image {errors.printable(file)!r}"
        )
    number = _IMAGENET.search(name)
    if number is None or not 1 <= int(number[1]) <= len(labels_of):
        raise errors.InputError(
            f"{_FLAG}={path} is a list of {len(labels_of)} images"
            " ILSVRC2012_val_00000001 and so on; the dataset has"
            f" {errors.printable(file)!r}: give an object of lists by file name"
        )
    return labels_of[int(number[1]) - 1]


def _number_classes(class_names: Sequence[str]) -> dict[int | str, int]:
    """Returns the network's class of each name, synset and number in a file.

    Numbers are those of the classes; of ImageNet's from 0 to 999, also where the
    network counts a background class before them.
    """
    count = len(class_names)
    first = 1 if count == 1001 else 0
    numbers: dict[int | str, int] = {k: k + first for k in range(count - first)}
    if count in (1000, 1001):
        synsets = imagenet_names.list_synsets()
        numbers |= {synset: k + first for k, synset in enumerate(synsets)}
    for names in (imagenet_names.list_names(count), class_names):
        times = collections.Counter(names)
        numbers |= {name: k for k, name in enumerate(names) if times[name] == 1}
    return numbers


def _find_class(
    path: str, label: int | str, ids: Mapping[int | str, int], names: Sequence[str]
) -> int:
    if label not in ids:
        raise errors.InputError(
            f"{_FLAG}={path}: {label!r} is none of the network's {len(names)} classes,"
            " or several are called so"
        )
    return ids[label]
