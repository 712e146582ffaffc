"""Which class of a trained network each label of a dataset is: names decide, not ids.

A dataset that was converted anew may number its classes otherwise than training's did,
lack some of them, or have more. Where settings.json tells what a network's classes are
called, labels are matched by these names; else, or where the user gives --labels_offset
or --num_classes, by their numbers.
"""

import collections
import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

from slimnets import errors
from slimnets.checkpoints import run_settings
from slimnets.config.inference import TrainedNetworkConfig
from slimnets.datasets import imagenet_names, metadata
from slimnets.datasets.registry import Dataset
from slimnets.inference import label_offset

_MOST_LISTED = 5


class TrainedClasses(NamedTuple):
    """The classes of a network as its training called them.

    Attributes:
      names: of the logits.
      offset: what training subtracted from its dataset's labels.
    """

    names: tuple[str, ...]
    offset: int


def read_trained(checkpoint: str) -> TrainedClasses | None:
    """Returns the classes of the run that wrote a checkpoint; None if unknown."""
    saved = run_settings.read(checkpoint)
    if saved is None:
        return None
    names = label_offset.list_class_names(saved.class_names, saved.labels_offset)
    return TrainedClasses(names, saved.labels_offset)


def are_nameless(checkpoint: str) -> bool:
    """Returns whether a checkpoint is of weights that somebody else published."""
    trained = read_trained(checkpoint)
    return trained is not None and not trained.names


def choose_names(
    given: TrainedNetworkConfig,
    checkpoint: str,
    num_classes: int | None,
    dataset: Dataset,
) -> TrainedClasses | None:
    """Returns the classes to match a dataset's labels with by name.

    Args:
      given: the flags as they were given.
      checkpoint: its path.
      num_classes: of its logits, or None.
      dataset: whose labels they are.

    Returns:
      None where labels are to be matched by number: the user says so, training's names
      are not known, or the dataset's classes have no names.
    """
    if given.labels_offset is not None or given.num_classes is not None:
        return None
    trained = read_trained(checkpoint)
    if trained is None or not trained.names:
        return _find_imagenet(num_classes, dataset)
    if len(trained.names) != num_classes:
        return None
    has_names = list_named(dataset.class_names) or set(
        dataset.class_names
    ).intersection(trained.names)
    return trained if has_names else None


def _find_imagenet(num_classes: int | None, dataset: Dataset) -> TrainedClasses | None:
    """Returns ImageNet's classes as a dataset names them.

    Weights that others published bear no names, but these are known: of a folder for
    each synset, or each name, the labels are those of 1000 or 1001 classes.

    Returns:
      None where the network's classes are not as many, the dataset has all of them in
      whichever order, or it has a class that is none of them.
    """
    names = imagenet_names.list_names(num_classes or 0)
    if not names or dataset.num_classes >= 1000:
        return None
    background = names[: len(names) - 1000]
    for known in ((*background, *imagenet_names.list_synsets()), names):
        if set(dataset.class_names) <= set(known):
            return TrainedClasses(known, 0)
    return None


def renumber(
    dataset: Dataset, trained: TrainedClasses, log: Callable[[str], None]
) -> Dataset:
    """Returns a dataset whose labels are the network's classes of the same names.

    Args:
      dataset: any split.
      trained: the network's classes.
      log: gets a line where the two number their classes differently, and one where
        the dataset lacks classes of the network.

    Raises:
      InputError: the dataset has classes that the network was not trained on, or a
        name stands for two classes.
    """
    unknown = list_unknown(dataset, trained)
    if unknown:
        raise errors.InputError(
            f"the network was not trained on {len(unknown)} of the"
            f" {dataset.num_classes} classes of {dataset.name}:"
            f" {format_some(unknown)}; leave them out, or give --labels_offset=0 to"
            " match labels with the network's classes by number, not by name"
        )
    classes = _match(dataset, trained)
    _tell_order(dataset, trained, classes, log)
    lacking = list_named(trained.names, without=classes)
    if lacking:
        log(
            f"{dataset.name} lacks {len(lacking)} of the network's"
            f" {len(trained.names)} classes: {format_some(lacking)}"
        )
    return dataclasses.replace(
        dataset, class_names=trained.names, classes_by_label=classes
    )


def list_unknown(dataset: Dataset, trained: TrainedClasses) -> list[str]:
    """Returns the names of a dataset's classes that the network was not trained on."""
    known = set(trained.names)
    return [name for name in list_named(dataset.class_names) if name not in known]


def list_named(names: Sequence[str], without: Sequence[int] = ()) -> list[str]:
    """Returns the names that somebody gave, but for those of some classes."""
    left_out = set(without)
    return [
        name
        for k, name in enumerate(names)
        if k not in left_out
        and name != metadata.make_name(k)
        and (k, name) != (0, label_offset.BACKGROUND)
    ]


def format_some(names: Sequence[str]) -> str:
    """Returns the first few names in a line, and how many more there are."""
    shown = ", ".join(errors.printable(name) for name in names[:_MOST_LISTED])
    more = len(names) - _MOST_LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def warn_of_other_names(
    dataset: Dataset, checkpoint: str, log: Callable[[str], None]
) -> None:
    """Tells of the first class, matched by number, that had another name."""
    saved = run_settings.read(checkpoint)
    trained_on = saved.class_names if saved else dataset.class_names
    for k, names in enumerate(zip(trained_on, dataset.class_names, strict=False)):
        if names[0] != names[1]:
            log(
                f"class {k} was {names[0]!r} in training, in {dataset.name} it is"
                f" {names[1]!r}: are these the images of another problem?"
            )
            return


def _match(dataset: Dataset, trained: TrainedClasses) -> tuple[int, ...]:
    """Returns the network's class of each label, -1 for a label without a name."""
    by_name = collections.defaultdict(list)
    for k, name in enumerate(trained.names):
        by_name[name].append(k)
    classes = []
    for label, name in enumerate(dataset.class_names):
        found = by_name.get(name, [-1])
        # ImageNet has two classes called crane; in training's order each is itself.
        as_in_training = label - trained.offset
        classes.append(as_in_training if as_in_training in found else found[0])
        if as_in_training not in found and len(found) > 1:
            raise _describe_ambiguity(f"{len(found)} classes of the network", name)
    matched = collections.Counter(k for k in classes if k >= 0)
    for k, count in matched.items():
        if count > 1:
            where = f"{count} classes of {dataset.name}"
            raise _describe_ambiguity(where, trained.names[k])
    return tuple(classes)


def _describe_ambiguity(which: str, name: str) -> errors.InputError:
    return errors.InputError(
        f"{which} are called {name!r}, so labels cannot be matched by name; give"
        " --labels_offset=0 to match them by number"
    )


def _tell_order(
    dataset: Dataset,
    trained: TrainedClasses,
    classes: Sequence[int],
    log: Callable[[str], None],
) -> None:
    """Tells of the first label that has another number than in training."""
    for label, k in enumerate(classes):
        if k >= 0 and k != label - trained.offset:
            log(
                f"{dataset.name} numbers its classes differently from training, so they"
                f" are matched by name: its label {label},"
                f" {errors.printable(dataset.class_names[label])}, is the network's"
                f" class {k}"
            )
            return
