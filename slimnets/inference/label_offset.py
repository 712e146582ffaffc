"""The label offset between a dataset and a checkpoint: is class 0 the background?

ImageNet has 1000 classes. TF-Slim counts a background class before them, as class 0 of
1001; Keras, PyTorch and Caffe do not. So the labels of a dataset may have to be shifted
by one to be the classes of a checkpoint: `--labels_offset` is subtracted from each.
"""

from collections.abc import Callable

from slimnets import errors
from slimnets.datasets.registry import Dataset

BACKGROUND = "background"  # class 0, where a dataset names it so

_WITHOUT, _WITH = 1000, 1001
_REASONS: dict[int | None, str] = {
    -1: "class 0 of the checkpoint is the background, so ",
    1: "class 0 of the dataset is the background, so ",
}


def choose_offset(
    num_classes: int,
    dataset: Dataset,
    default: int | None,
    log: Callable[[str], None],
) -> int:
    """Returns what to subtract from labels, and logs it where the classes differ.

    Args:
      num_classes: of the checkpoint.
      dataset: whose labels are to be its classes.
      default: the offset where it cannot be inferred; None is an error then.
      log: gets the line that tells the offset and why.

    Raises:
      InputError: it cannot be inferred and there is no default.
    """
    inferred = infer_offset(num_classes, dataset)
    offset = default if inferred is None else inferred
    sizes = _describe_sizes(num_classes, dataset)
    if offset is None:
        raise errors.InputError(
            f"{sizes}: give --labels_offset=0 if the labels"
            " are the checkpoint's classes (`slimnets convert --labels` makes"
            " them so), 1 if only the dataset counts a background class 0, -1 if only"
            " the checkpoint does"
        )
    if num_classes != dataset.num_classes or offset != (default or 0):
        log(
            f"{sizes}: {_REASONS.get(inferred, '')}labels are"
            f" {_describe_shift(offset)} (--labels_offset={offset})"
        )
    return offset


def infer_offset(num_classes: int, dataset: Dataset) -> int | None:
    """Infers by how much a dataset's labels exceed a checkpoint's classes.

    Args:
      num_classes: of the checkpoint.
      dataset: inferred from its number of classes, or from a class 0 that is named
        `background`.

    Returns:
      -1 where only the checkpoint counts the background, 1 where only the dataset does,
      0 where both do or neither; None where it cannot be inferred.
    """
    if num_classes == dataset.num_classes:
        return 0
    if dataset.class_names[0] == BACKGROUND:
        offsets = {_WITH: 0, _WITHOUT: 1, dataset.num_classes - 1: 1}
        return offsets.get(num_classes)
    sizes = {num_classes, dataset.num_classes}
    return dataset.num_classes - num_classes if sizes == {_WITH, _WITHOUT} else None


def list_class_names(class_names: tuple[str, ...], offset: int) -> tuple[str, ...]:
    """Returns the names of a network's classes, in its order, from a dataset's.

    Args:
      class_names: by the dataset's labels.
      offset: subtracted from these.
    """
    return (BACKGROUND,) * -offset + class_names[max(offset, 0) :]


def _describe_shift(offset: int) -> str:
    if not offset:
        return "taken as they are"
    return f"shifted {'down' if offset > 0 else 'up'} by {abs(offset)}"


def _describe_sizes(num_classes: int, dataset: Dataset) -> str:
    return (
        f"the checkpoint has {num_classes} classes, the dataset {dataset.name}"
        f" {dataset.num_classes}"
    )
