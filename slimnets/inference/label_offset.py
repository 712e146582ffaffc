"""Class 0: which class it is, of a checkpoint and of a dataset.

ImageNet has 1000 classes. TF-Slim counts a 1001st, the background, before them; Keras,
Torch and Caffe do not. So the labels of a dataset may have to be moved by one to be the
classes of a checkpoint: `--labels_offset` is subtracted from each.
"""

from collections.abc import Callable

from slimnets import errors
from slimnets.datasets.registry import Dataset

BACKGROUND = "background"  # the name of class 0 that says what it is

_WITHOUT, _WITH = 1000, 1001
_REASONS: dict[int | None, str] = {
    -1: "class 0 of the checkpoint is the background, so ",
    1: "class 0 of the dataset is the background, so ",
}


def find_offset(
    num_classes: int,
    dataset: Dataset,
    default: int | None,
    say: Callable[[str], None],
) -> int:
    """Finds out what to subtract from labels, and says so where the classes differ.

    Args:
      num_classes: of the checkpoint.
      dataset: whose labels are to be its classes.
      default: where nothing tells: as in training; None refuses to go on.
      say: gets the line that says it.

    Raises:
      InputError: nothing tells and there is no default.
    """
    told = offset_between(num_classes, dataset)
    offset = default if told is None else told
    if offset is None:
        raise errors.InputError(
            f"{_numbers(num_classes, dataset)}: give --labels_offset=0 if the labels"
            " are the checkpoint's classes (`slimnets convert --labels` makes"
            " them so), 1 if only the dataset counts a background class 0, -1 if only"
            " the checkpoint does"
        )
    if num_classes != dataset.num_classes or offset != (default or 0):
        say(
            f"{_numbers(num_classes, dataset)}: {_REASONS.get(told, '')}labels are"
            f" {_move(offset)} (--labels_offset={offset})"
        )
    return offset


def offset_between(num_classes: int, dataset: Dataset) -> int | None:
    """Tells by how much a dataset's labels exceed a checkpoint's classes.

    Args:
      num_classes: of the checkpoint.
      dataset: its number of classes tells, or the name `background` of class 0.

    Returns:
      -1 where only the checkpoint counts the background, 1 where only the dataset does,
      0 where both do or neither; None where it cannot be told.
    """
    if num_classes == dataset.num_classes:
        return 0
    if dataset.class_names[0] == BACKGROUND:
        offsets = {_WITH: 0, _WITHOUT: 1, dataset.num_classes - 1: 1}
        return offsets.get(num_classes)
    sizes = {num_classes, dataset.num_classes}
    return dataset.num_classes - num_classes if sizes == {_WITH, _WITHOUT} else None


def names(class_names: tuple[str, ...], offset: int) -> tuple[str, ...]:
    """Returns the names of a network's classes, in its order, from a dataset's.

    Args:
      class_names: by the dataset's labels.
      offset: subtracted from these.
    """
    return (BACKGROUND,) * -offset + class_names[max(offset, 0) :]


def _move(offset: int) -> str:
    if not offset:
        return "taken as they are"
    return f"moved {'down' if offset > 0 else 'up'} by {abs(offset)}"


def _numbers(num_classes: int, dataset: Dataset) -> str:
    return (
        f"the checkpoint has {num_classes} classes, the dataset {dataset.name}"
        f" {dataset.num_classes}"
    )
