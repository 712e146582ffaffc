"""The split to score, with labels that are the classes of a network's logits."""

from collections.abc import Callable

from slimnets import errors
from slimnets.config.inference import TrainedNetworkConfig
from slimnets.datasets.registry import Dataset
from slimnets.inference import class_matching, label_offset
from slimnets.inference.defaults import require_labels


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
