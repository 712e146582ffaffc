"""What stands beside the shards of a dataset: labels.txt and dataset.json.

labels.txt is TF-Slim's: one `id:name` line a class. dataset.json says which splits
there are, how many examples, in which files: so nobody edits code to use own data.
"""

import dataclasses
import itertools
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from slimnets import errors

LABELS_FILE = "labels.txt"
SIDECAR_FILE = "dataset.json"

# ImageNet-21k has 21,841 classes; far more ids than lines are a slip of the hand, and
# a name would have to be made for each.
_MOST_CLASSES = 1_000_000

T = TypeVar("T")

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
      multi_label: whether any number of classes may be true of an image.
    """

    name: str
    classes: tuple[str, ...]
    channels: int
    splits: Mapping[str, tuple[Shard, ...]] = dataclasses.field(default_factory=dict)
    source: str = ""
    credit: str = ""
    licence: str = ""
    multi_label: bool = False


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
    write_text(folder / SIDECAR_FILE, content + "\n")


def read_sidecar(folder: Path) -> Sidecar | None:
    """Reads dataset.json; None where there is none.

    Raises:
      InputError: it is not what `write_sidecar` writes, or names files elsewhere.
    """
    path = folder / SIDECAR_FILE
    if not path.exists():
        return None
    text = _read_text(path)
    try:
        sidecar = _parse_sidecar(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise errors.InputError(
            f"{path} is damaged ({_describe(error)}); convert the dataset again"
        ) from error
    for shard in itertools.chain.from_iterable(sidecar.splits.values()):
        if Path(shard.file).is_absolute() or ".." in Path(shard.file).parts:
            raise errors.InputError(
                f"{path} names the file {shard.file!r}, which is not in its folder;"
                " convert the dataset again"
            )
    return sidecar


def _parse_sidecar(content: Any) -> Sidecar:
    """Makes a sidecar of JSON; raises a TypeError, KeyError, ... of what it is not."""
    content = dict(_require(content, dict, "all of it"))
    splits = {
        split: tuple(_parse_shard(shard) for shard in entry["shards"])
        for split, entry in _require(content.pop("splits"), dict, "splits").items()
    }
    classes = _require(content.pop("classes"), list, "classes")
    sidecar = Sidecar(
        classes=tuple(_require(name, str, "a class") for name in classes),
        splits=splits,
        **content,
    )
    for field in ("name", "source", "credit", "licence"):
        _require(getattr(sidecar, field), str, field)
    if not classes:
        raise ValueError("classes is empty")
    if not isinstance(sidecar.multi_label, bool):
        raise TypeError(f"multi_label is {sidecar.multi_label!r}, not true or false")
    if _require(sidecar.channels, int, "channels") not in (1, 3):
        raise ValueError(f"channels is {sidecar.channels}, not 1 or 3")
    return sidecar


def _parse_shard(content: Any) -> Shard:
    shard = Shard(**_require(content, dict, "a shard"))
    _require(shard.file, str, "a shard's file")
    for count in (shard.examples, shard.bytes):
        if _require(count, int, "a shard's count") < 0:
            raise ValueError(f"a shard's count is {count}")
    if not shard.file or "\0" in shard.file:
        raise ValueError(f"a shard's file is {shard.file!r}")
    return shard


def _require(value: Any, kind: type[T], what: str) -> T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(
            f"{what} is of type {type(value).__name__}, not {kind.__name__}"
        )
    return value


def _describe(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else errors.summarize(error)


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
    write_text(folder / LABELS_FILE, "".join(lines))


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
            raise errors.InputError(
                f"{path}, line {number}: {line!r} is not `id:name`; write one such line"
                " a class, as 0:daisy"
            )
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
    return tuple(names.get(id_, make_name(id_)) for id_ in range(max(names) + 1))


def make_name(label: int) -> str:
    """Returns the name of a class that has none."""
    return f"class_{label}"


def _read_numbered_lines(path: Path) -> list[tuple[int, str]]:
    lines = _read_text(path).splitlines()
    return [(n, line) for n, line in enumerate(lines, start=1) if line.strip()]


def _read_text(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise errors.InputError(f"{path} is not a file")  # a pipe would be waited for
    try:
        return path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise errors.InputError(f"cannot read {path}: {error.strerror}") from error


def write_text(path: Path, content: str) -> None:
    """Writes a file of text, atomically."""
    temporary = path.with_name(f".{path.name}.tmp")
    with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
