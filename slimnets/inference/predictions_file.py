"""--predictions: the file with what the network says of each image of a split."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.inference import parquet
from slimnets.inference.outcomes import UNDEFINED, Outcomes
from slimnets.inference.predictions import Row, make_writer

_FORMATS = {".csv": "csv", ".jsonl": "jsonl"}  # by the file's suffix
_PARQUET = ".parquet"
_FACTS = ("number", "label", "correct")
_THRESHOLD = 0.5  # of a probability, above which one of several labels is predicted


def check(path: str) -> None:
    """Raises an InputError for a file of another kind, or one that needs an extra."""
    suffix = Path(path).suffix
    if suffix == _PARQUET:
        parquet.require()
    elif suffix not in _FORMATS:
        known = ", ".join(_FORMATS)
        raise errors.InputError(
            f"--predictions={path} has to end in {known} or {_PARQUET}"
        )


def write(path: str, outcomes: Outcomes, class_names: Sequence[str], top: int) -> None:
    """Writes the predictions of a split, atomically, in the order of its files.

    Args:
      path: of the file, as `check` lets pass.
      outcomes: what to write.
      class_names: of the logits.
      top: most probable classes of each image, unless it may have several labels.

    Raises:
      OSError: it cannot be written; nothing is left then.
    """
    several = outcomes.labels.ndim == 2
    count = len(class_names) if several else min(top, len(class_names))
    rows = _list_rows(outcomes, class_names, count)
    if Path(path).suffix == _PARQUET:
        atomic_files.write_bytes(Path(path), parquet.pack(rows, several))
        return
    with atomic_files.open_text(Path(path)) as stream:
        add = make_writer(_FORMATS[Path(path).suffix], stream, count, _FACTS)
        for row in rows:
            add(row)


def _list_rows(
    outcomes: Outcomes, class_names: Sequence[str], count: int
) -> Iterator[Row]:
    """Yields the row of each example, also of those that were left out."""
    places = {int(number): place for place, number in enumerate(outcomes.numbers)}
    for number in sorted({*places, *outcomes.left_out}):
        if number in places:
            yield _make_row(outcomes, places[number], class_names, count)
        else:
            yield Row("", (), outcomes.left_out[number], {"number": number})


def _make_row(
    outcomes: Outcomes, place: int, class_names: Sequence[str], count: int
) -> Row:
    classes = outcomes.classes[place, :count].tolist()
    probabilities = outcomes.probabilities[place, :count].tolist()
    undefined = classes[0] == UNDEFINED
    facts = {
        "number": int(outcomes.numbers[place]),
        "label": _name_label(outcomes.labels[place], class_names),
        "correct": not undefined and _is_correct(outcomes, place),
    }
    if undefined:
        return Row(outcomes.files[place], (), "a logit is NaN or infinite", facts)
    named = [(class_names[k], p) for k, p in zip(classes, probabilities, strict=True)]
    return Row(outcomes.files[place], named, facts=facts)


def _name_label(label: np.ndarray, class_names: Sequence[str]) -> str | list[str]:
    if label.ndim == 0:
        return class_names[int(label)]
    return [class_names[int(k)] for k in np.flatnonzero(label)]


def _is_correct(outcomes: Outcomes, place: int) -> bool:
    """Returns whether the label is the most probable class, or all labels are right."""
    classes, label = outcomes.classes[place], outcomes.labels[place]
    if label.ndim == 0:
        return bool(classes[0] == label)
    predicted = outcomes.probabilities[place] > _THRESHOLD
    return bool((predicted == label[classes]).all())
