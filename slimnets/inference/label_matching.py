"""The split to score, with labels that are the classes of a network's logits."""

from collections.abc import Callable

import tensorflow as tf

from slimnets import errors
from slimnets.config.inference import TrainedNetworkConfig
from slimnets.datasets.registry import Dataset
from slimnets.inference import class_map, class_matching, label_offset
from slimnets.inference.class_map import ClassMap
from slimnets.inference.defaults import find_activation, require_labels


def match_labels(
    given: TrainedNetworkConfig,
    completed: TrainedNetworkConfig,
    checkpoint: str,
    num_classes: int | None,
    dataset: Dataset,
    log: Callable[[str], None],
) -> tuple[Dataset, int]:
    """Returns the split to score, and what is subtracted from its labels.

    Names come first, if they are known and the user gives no numbers. Else an offset
    that the user gave, what the checkpoint's shapes tell, and the settings beside it.
    Who gives the number of classes alone means the labels as they are.
    """
    dataset = require_labels(dataset, checkpoint)
    if num_classes is None:  # of another network: an error when it is restored
        return dataset, given.labels_offset or 0
    names = class_matching.choose_names(given, checkpoint, num_classes, dataset)
    if names:
        return class_matching.renumber(dataset, names, log), 0
    offset = given.labels_offset
    if offset is None:
        default = 0 if given.num_classes else completed.labels_offset
        if class_matching.are_nameless(checkpoint) and not given.num_classes:
            default = None  # by number, another dataset's labels mean nothing
        offset = label_offset.choose_offset(num_classes, dataset, default, log)
    _require_logits(num_classes, dataset, offset)
    class_matching.warn_of_other_names(dataset, checkpoint, log)
    return dataset, offset


def map_classes(
    path: str,
    checkpoint: str,
    num_classes: int | None,
    dataset: Dataset,
    log: Callable[[str], None],
) -> ClassMap | None:
    """Returns which class of a split each class of a network is, by --class_map.

    Args:
      path: of the map's file.
      checkpoint: its path.
      num_classes: of its logits; None, of another network, is an error when it is
        restored, and gives no map.
      dataset: the split to score.
      log: gets the lines that tell what is left out.

    Raises:
      InputError: the map names a class that is not there, or probabilities cannot be
        summed.
    """
    if require_labels(dataset, checkpoint).multi_label:
        raise errors.InputError(
            f"--class_map sums probabilities of classes of which an image has one;"
            f" the images of {dataset.name} or those that the network was trained on"
            " have any number of labels each: leave it out"
        )
    if find_activation(checkpoint) is not tf.nn.softmax:
        raise errors.InputError(
            "--class_map sums the probabilities of a softmax; each class of"
            f" {checkpoint} has one for itself (sigmoid): leave it out"
        )
    if num_classes is None:
        return None
    return class_map.match(path, checkpoint, num_classes, dataset, log)


def _require_logits(num_classes: int, dataset: Dataset, offset: int) -> None:
    """Raises an InputError if some labels have no logit."""
    if num_classes < dataset.num_classes - offset:
        raise errors.InputError(
            f"the network has {num_classes} classes, the dataset {dataset.name} has"
            f" {dataset.num_classes - offset}"
            + (f" with --labels_offset={offset}" if offset else "")
            + "; evaluate on images of the classes it was trained on, or give another"
            " --labels_offset: 1 if only the dataset counts a background class"
        )
