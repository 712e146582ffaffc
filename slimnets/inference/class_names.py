"""What the classes of a trained network are called."""

from collections.abc import Callable

from slimnets.checkpoints import run_settings
from slimnets.config.inference import TrainedNetworkConfig
from slimnets.datasets import imagenet_names
from slimnets.inference import label_offset
from slimnets.inference.defaults import find_dataset


def find_class_names(
    given: TrainedNetworkConfig,
    checkpoint: str,
    num_classes: int,
    log: Callable[[str], None],
) -> tuple[str, ...]:
    """Returns a name for each logit.

    They are training's, those of a dataset that was given, ImageNet's for 1000 or 1001
    classes, or numbers.

    Args:
      given: as the user gave it.
      checkpoint: whose settings may have them.
      num_classes: of the logits.
      log: gets a line where the names follow from the number of classes alone.
    """
    names = _find_known(given, checkpoint, num_classes, log)
    if len(names) == num_classes:
        return names
    names = imagenet_names.list_names(num_classes)
    if names:
        log(f"the {num_classes} classes are called as ImageNet's")
        return names
    log(
        f"the names of the {num_classes} classes are not known, so they are numbered;"
        " a --dataset_dir of as many classes names them"
    )
    return tuple(str(k) for k in range(num_classes))


def _find_known(
    given: TrainedNetworkConfig,
    checkpoint: str,
    num_classes: int,
    log: Callable[[str], None],
) -> tuple[str, ...]:
    """Returns the names that training or a given dataset has; none without either."""
    saved = run_settings.read(checkpoint)
    if saved and saved.class_names:
        return label_offset.list_class_names(saved.class_names, saved.labels_offset)
    if not given.dataset_dir:
        return ()
    dataset = find_dataset(given, log)
    offset = given.labels_offset
    if offset is None:
        offset = label_offset.infer_offset(num_classes, dataset) or 0
    return label_offset.list_class_names(dataset.class_names, offset)
