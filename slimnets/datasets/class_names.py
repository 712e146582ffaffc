"""Names of classes that were met in folders or in lists become class ids."""

import collections
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from slimnets import errors
from slimnets.datasets import metadata


def sort_names(names: Iterable[str]) -> tuple[str, ...]:
    """Returns names in order: as numbers where all of them are, else as text."""
    ordered = sorted(names)
    return tuple(sorted(ordered, key=int) if _are_numbers(ordered) else ordered)


def require_seen(
    names: Iterable[str], split: str, seen: Sequence[str], where: str = ""
) -> None:
    """Raises an InputError for a class that is only held out: a slip of naming.

    Args:
      names: of the classes of a split.
      split: such as "validation".
      seen: the classes of training.
      where: what follows, to say where the names stand, such as " of labels.csv".
    """
    for name in sorted(set(names).difference(seen)):
        raise errors.unknown(f"class in {split}, not in train{where}:", name, seen)


def number_classes(
    names: Sequence[str], labels: Path | None, kind: str
) -> tuple[tuple[str, ...], Callable[[str], int], list[str]]:
    """Gives classes their ids.

    Args:
      names: of the classes that were met, in order.
      labels: a file of `id:name` lines that fixes the ids; None numbers the names.
      kind: what bears the names, such as "class folder".

    Returns:
      All classes by id, the function from a name to its id, and lines about the order
      where that could surprise.

    Raises:
      InputError: `labels` does not name a class, or labels.txt could not hold it.
    """
    if labels:
        classes = metadata.read_labels(labels)
        return classes, _make_finder(classes, labels, kind), []
    metadata.check_class_names(names)
    ids = {name: label for label, name in enumerate(names)}
    return tuple(names), ids.__getitem__, _note_order(names, kind)


def _are_numbers(names: Sequence[str]) -> bool:
    return all(name.isascii() and name.isdecimal() for name in names)


def _note_order(classes: Sequence[str], kind: str) -> list[str]:
    notes = []
    if len(classes) > 1 and _are_numbers(classes):
        notes.append(
            f"the {kind}s' names are numbers, so they are ordered as numbers:"
            f" class 0 is {classes[0]}, class {len(classes) - 1} is {classes[-1]}"
        )
    by_lower_case = collections.defaultdict(list)
    for name in classes:
        by_lower_case[name.lower()].append(errors.printable(name))
    notes += [
        f"{' and '.join(alike)} differ only in upper and lower case; they are taken"
        " for different classes"
        for alike in by_lower_case.values()
        if len(alike) > 1
    ]
    return notes


def _make_finder(
    classes: Sequence[str], labels: Path, kind: str
) -> Callable[[str], int]:
    """Returns the function from a name to its class id."""
    ids = collections.defaultdict(list)
    for label, name in enumerate(classes):
        ids[name].append(label)

    def find_label(name: str) -> int:
        if len(ids[name]) != 1:
            given = f"to {ids[name]}" if ids[name] else "to no id"
            raise errors.InputError(
                f"{labels} gives the {kind}'s name {name!r} {given}; it has to"
                " have one line `id:name`"
            )
        return ids[name][0]

    return find_label
