"""What stands beside the shards of a dataset: labels.txt and dataset.json.

labels.txt is TF-Slim's: one `id:name` line a class. dataset.json says which splits
there are, how many examples, in which files: so nobody edits code to use own data.
"""

import dataclasses
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from slimnets import errors

LABELS_FILE = "labels.txt"
SIDECAR_FILE = "dataset.json"

# ImageNet-21k has 21,841 classes; far more ids than lines are a slip of the hand, and
# a name would have to be made for each.
_MOST_CLASSES = 1_000_000

_BYTE_NOT_UTF_8 = re.compile("[\udc80-\udcff]")  # as Python marks it in file names


@dataclasses.dataclass(frozen=True)
class Shard:
    """One TFRecord file: name within the folder, records, size in bytes."""

    file: str
    examples: int
    bytes: int


@dataclasses.dataclass(frozen=True)
class Sidecar:
    """The content of dataset.json.

    Attributes:
      name: of the dataset; the files begin with it.
      classes: names, in the order of the class ids.
      channels: of the images as stored, 1 or 3.
      splits: the shards of each split.
      source: where the images came from.
      credit: who made them.
      licence: under which terms.
    """

    name: str
    classes: tuple[str, ...]
    channels: int
    splits: Mapping[str, tuple[Shard, ...]] = dataclasses.field(default_factory=dict)
    source: str = ""
    credit: str = ""
    licence: str = ""


def write_sidecar(folder: Path, sidecar: Sidecar) -> None:
    """Writes dataset.json, atomically."""
    splits = {
        split: {
            "examples": sum(shard.examples for shard in shards),
            "shards": [dataclasses.asdict(shard) for shard in shards],
        }
        for split, shards in sidecar.splits.items()
    }
    fields = {
        field.name: getattr(sidecar, field.name)
        for field in dataclasses.fields(Sidecar)
        if getattr(sidecar, field.name)
    }
    content = json.dumps({**fields, "splits": splits}, indent=1, ensure_ascii=False)
    content = _BYTE_NOT_UTF_8.sub(lambda found: f"\\u{ord(found[0]):04x}", content)
    _write_text(folder / SIDECAR_FILE, content + "\n")


def read_sidecar(folder: Path) -> Sidecar | None:
    """Reads dataset.json; None where there is none.

    Raises:
      InputError: it is not what `write_sidecar` writes.
    """
    path = folder / SIDECAR_FILE
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        splits = {
            split: tuple(Shard(**shard) for shard in entry["shards"])
            for split, entry in content.pop("splits").items()
        }
        classes = tuple(content.pop("classes"))
        return Sidecar(classes=classes, splits=splits, **content)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise errors.InputError(
            f"{path} is damaged ({error}); convert the dataset again"
        ) from error


def check_class_names(names: Sequence[str]) -> None:
    """Raises an InputError for a class name that labels.txt could not hold."""
    for name in names:
        if name.splitlines() != [name] or name.strip() != name:
            raise errors.InputError(
                f"the class name {name!r} has a line break, or white space at an end,"
                f" which {LABELS_FILE} cannot hold; rename the folder"
            )


def write_labels(folder: Path, classes: Sequence[str]) -> None:
    """Writes labels.txt, atomically: line `id:name` for each class."""
    lines = (f"{label}:{name}\n" for label, name in enumerate(classes))
    _write_text(folder / LABELS_FILE, "".join(lines))


def read_labels(path: Path) -> tuple[str, ...]:
    """Reads a file of `id:name` lines, in any order.

    Args:
      path: the file. Ids without a line, below the highest one, are named `class_<id>`.

    Returns:
      The names by class id.

    Raises:
      InputError: the file is missing or empty, a line is not `id:name`, an id
        stands twice or is larger than any number of classes.
    """
    names: dict[int, str] = {}
    for number, line in _read_numbered_lines(path):
        label, colon, name = line.partition(":")
        if not (colon and label.strip().isdecimal() and name.strip()):
            raise errors.InputError(f"{path}, line {number}: {line!r} is not `id:name`")
        if len(label.strip()) > 18 or int(label) >= _MOST_CLASSES:
            raise errors.InputError(
                f"{path}, line {number}: {label.strip()} is no class id; ids count"
                f" classes from 0, and are below {_MOST_CLASSES:,}"
            )
        if int(label) in names:
            raise errors.InputError(f"{path}, line {number}: id {label} stands twice")
        names[int(label)] = name.strip()
    if not names:
        raise errors.InputError(f"{path} is empty; write one `id:name` line a class")
    return tuple(names.get(id_, f"class_{id_}") for id_ in range(max(names) + 1))


def _read_numbered_lines(path: Path) -> list[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
        lines = text.splitlines()
    except OSError as error:
        raise errors.InputError(f"cannot read the labels file {path}") from error
    return [(n, line) for n, line in enumerate(lines, start=1) if line.strip()]


def _write_text(path: Path, content: str) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
