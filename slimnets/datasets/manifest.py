"""A list of photos with their labels, as CSV or JSON Lines, says what to convert.

    path,label,split                  {"path": "1.jpg", "labels": ["cat", "dog"]}
    photos/1.jpg,cat,train            {"path": "2.jpg", "labels": []}

Paths are relative to the list's own folder. A column `labels`, or several labels of a
photo (`cat|dog`, or a JSON list), make a dataset in which any number of classes may be
true of a photo. Without a column `split` content decides it.
"""

import contextlib
import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from slimnets import errors
from slimnets.datasets import class_names, folder_files
from slimnets.datasets.photos import SPLIT_OF_NAME, Found, Photo

SUFFIXES = (".csv", ".tsv", ".jsonl")

_PATH, _SPLIT = "path", "split"
_LABELS = ("label", "labels")
_COLUMNS = (_PATH, *_LABELS, _SPLIT)
_BETWEEN = "|"  # two labels of a photo


class _Row(NamedTuple):
    """A photo as the list has it, at its line."""

    line: int
    path: str
    labels: frozenset[str]
    split: str | None


def is_manifest(path: Path) -> bool:
    """Whether a path is that of a list, by its suffix."""
    return path.suffix.lower() in SUFFIXES and path.is_file()


def read(path: Path, labels: Path | None = None) -> Found:
    """Reads a list; none of its photos is opened yet.

    Args:
      path: of the list, one of SUFFIXES.
      labels: a file of `id:name` lines that fixes the class ids; None: the sorted names
        are numbered, as numbers where all of them are.

    Returns:
      What it holds; a photo that is not there is among it, with its fault.

    Raises:
      InputError: the list cannot be understood; the line says where.
    """
    columns: set[str] = set()
    rows = list(_read_rows(path, columns))
    if not rows:
        raise errors.InputError(f"{path} lists no photos")
    _require_distinct(path, rows)
    multi_label = "labels" in columns or any(len(row.labels) > 1 for row in rows)
    if not multi_label:
        _require_labels(path, rows)
    names = _collect_names(path, rows)
    classes, find_label, notes = class_names.number_classes(names, labels, "class")
    photos = [_make_photo(path, row, find_label) for row in rows]
    return Found(classes, photos, [], notes, multi_label)


def _read_rows(path: Path, columns: set[str]) -> Iterator[_Row]:
    """Yields the rows of a list; adds the columns that it has to `columns`."""
    read_records = _read_json if path.suffix.lower() == ".jsonl" else _read_csv
    try:
        with open(
            path, encoding="utf-8-sig", errors="surrogateescape", newline=""
        ) as file:
            for line, record in read_records(file, path):
                columns.update(record)
                yield _make_row(f"{path}, line {line}", line, record)
    except OSError as error:
        raise errors.InputError(f"cannot read {path}: {error.strerror}") from error


def _read_csv(file: Any, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_columns(f"{path}, line 1", header)
        for cells in reader:
            if len(cells) not in (0, len(header)):
                raise errors.InputError(
                    f"{path}, line {reader.line_num}: {len(cells)} columns, where the"
                    f" first line names {len(header)}"
                )
            if cells:
                yield reader.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise errors.InputError(f"{path}, line {reader.line_num}: {error}") from error


def _read_json(file: Any, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for line, text in enumerate(file, start=1):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise errors.InputError(
                f"{path}, line {line}: not JSON: {errors.summarize(error)}"
            ) from error
        if not isinstance(record, dict):
            raise errors.InputError(
                f'{path}, line {line}: not an object such as {{"path": ..., "label":'
                " ...}"
            )
        _check_columns(f"{path}, line {line}", list(record))
        yield line, record


def _check_columns(where: str, names: Sequence[str]) -> None:
    for name in names:
        if name not in _COLUMNS:
            raise errors.unknown(f"column in {where}:", name, _COLUMNS)
        if names.count(name) > 1:
            raise errors.InputError(f"{where}: the column {name} stands there twice")
    if _PATH not in names or sum(name in names for name in _LABELS) != 1:
        raise errors.InputError(
            f"{where}: the columns have to be {_PATH}, one of {' and '.join(_LABELS)},"
            f" and {_SPLIT} if the splits are known; they are {', '.join(names)}"
        )


def _make_row(where: str, line: int, record: Mapping[str, Any]) -> _Row:
    path = record[_PATH]
    if not isinstance(path, str) or not path.strip():
        raise errors.InputError(f"{where}: the path is {path!r}")
    given = record.get("labels", record.get("label"))
    split = record.get(_SPLIT)
    if _SPLIT in record:
        known = SPLIT_OF_NAME.get(str(split).strip().lower())
        if known is None:
            raise errors.unknown(f"split in {where}:", str(split), SPLIT_OF_NAME)
        split = known
    return _Row(line, path.strip(), frozenset(_list_labels(where, given)), split)


def _list_labels(where: str, given: Any) -> Iterator[str]:
    """Yields the labels of a cell: a text, a number, or a list of these."""
    if isinstance(given, str) and given.lstrip().startswith("["):
        with contextlib.suppress(ValueError):  # a name may begin so
            given = json.loads(given)
    labels = given.split(_BETWEEN) if isinstance(given, str) else given
    for label in labels if isinstance(labels, list) else [labels]:
        if not _is_label(label):
            raise errors.InputError(f"{where}: {label!r} is no label")
        if str(label).strip():
            yield str(label).strip()


def _is_label(label: Any) -> bool:
    if isinstance(label, bool) or not isinstance(label, str | int):
        return False
    try:
        os.fsencode(str(label))  # JSON may hold half of a character
    except UnicodeEncodeError:
        return False
    return True


def _require_distinct(path: Path, rows: Sequence[_Row]) -> None:
    lines: dict[str, int] = {}
    for row in rows:
        photo = os.path.normpath(row.path)
        if photo in lines:
            raise errors.InputError(
                f"{path}, line {row.line}: {errors.printable(row.path)} stands in line"
                f" {lines[photo]} already; give a photo one line, with all its labels:"
                f" a{_BETWEEN}b"
            )
        lines[photo] = row.line
    without = [row for row in rows if row.split is None]
    if 0 < len(without) < len(rows):
        row = without[0]
        raise errors.InputError(
            f"{path}, line {row.line}: it names no split, others do; name all or none"
        )


def _require_labels(path: Path, rows: Sequence[_Row]) -> None:
    for row in rows:
        if not row.labels:
            raise errors.InputError(
                f"{path}, line {row.line}: no label; where a photo may have none or"
                " several, call the column labels"
            )


def _collect_names(path: Path, rows: Sequence[_Row]) -> tuple[str, ...]:
    """Returns the class names; those of training, where there are splits."""
    by_split: dict[str | None, set[str]] = {}
    for row in rows:
        by_split.setdefault(row.split, set()).update(row.labels)
    names = by_split.get("train", set().union(*by_split.values()))
    if not names:
        raise errors.InputError(f"{path} has no label at all")
    known = class_names.sort_names(names)
    for split, found in by_split.items():
        if split:
            class_names.require_seen(found, split, known, f" of {path}")
    return known


def _make_photo(path: Path, row: _Row, find_label: Any) -> Photo:
    photo = path.parent / row.path
    labels = tuple(sorted(map(find_label, row.labels)))
    fault = folder_files.find_fault(photo)
    return Photo(photo, Path(row.path).as_posix(), row.split, labels, fault)
