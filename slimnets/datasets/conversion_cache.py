"""Datasets that were converted once, for a program that was given their source.

In the user's cache:

datasets/NAME-FINGERPRINT/records/      dataset.json and the TFRecords
datasets/NAME-FINGERPRINT/source.json   what they were made of, what was left out

source.json is written last: what a killed process left is done again.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from slimnets import errors, folder_lock, user_cache
from slimnets.datasets import metadata, registry
from slimnets.datasets.writer import Report

_CARD = "source.json"
_RECORDS = "records"


class Converted(NamedTuple):
    """A dataset in the cache.

    Attributes:
      folder: of its TFRecords.
      left_out: a line for each file that could not be taken: which it is, and why.
    """

    folder: str
    left_out: tuple[str, ...]


class Conversion(NamedTuple):
    """How a dataset is made.

    Attributes:
      source: what it is made of, as a user names it.
      name: of the dataset.
      fingerprint: a hexadecimal number that another content of the source, or another
        way of converting it, does not have.
      size: what is said of the source, such as "40 photos of 2 classes".
      write: converts it into a folder that it may overwrite.
    """

    source: str
    name: str
    fingerprint: str
    size: str
    write: Callable[[Path], Report]


def convert_once(conversion: Conversion, log: Callable[[str], None]) -> Converted:
    """Returns the dataset of a source, which is converted unless it was before.

    Another process that asks for the same one at the same time waits.

    Args:
      conversion: how it is made.
      log: gets the lines that tell of the conversion, and of what was left out.

    Raises:
      InputError: the source is at fault, or the cache cannot be written.
    """
    name = f"{conversion.name}-{conversion.fingerprint[:16]}"
    folder = user_cache.get_home() / "datasets" / name
    card = _read_card(folder)
    try:
        if card is None:
            folder.mkdir(parents=True, exist_ok=True)
            with folder_lock.lock(folder, "a conversion", log):
                card = _read_card(folder) or _convert(conversion, folder, log)
    except OSError as error:
        raise errors.InputError(
            f"cannot keep what is made of {conversion.source} in {folder}:"
            f" {error.strerror or error}; name another folder with {user_cache.HOME}"
        ) from error
    left_out = tuple(card["left_out"])
    if left_out:
        log(f"{conversion.source}: {len(left_out):,} left out, such as {left_out[0]}")
    return Converted(str(folder / _RECORDS), left_out)


def _convert(
    conversion: Conversion, folder: Path, log: Callable[[str], None]
) -> dict[str, Any]:
    """Converts a source into a folder of the cache; returns its card."""
    source = conversion.source
    earlier = _count_earlier(source, folder.parent)
    if earlier:
        log(
            f"{source} is not as it was, or is read otherwise; the cache has {earlier}"
            " earlier conversions of it, until `slimnets weights clean`"
        )
    log(f"{source}: {conversion.size}, converted once into {folder}")
    report = conversion.write(folder / _RECORDS)
    for note in report.notes:
        log(f"note: {note}")
    log(report.summary().splitlines()[-1])
    card = {"source": source, "left_out": report.list_broken()}
    metadata.write_text(folder / _CARD, json.dumps(card))
    return card


def _count_earlier(source: str, home: Path) -> int:
    """Counts the conversions of a source that the cache has."""
    cards = (_read_file(path) for path in home.glob(f"*/{_CARD}"))
    return sum(card is not None and card["source"] == source for card in cards)


def _read_card(folder: Path) -> dict[str, Any] | None:
    """Returns what source.json says; None unless a whole conversion is there."""
    card, records = _read_file(folder / _CARD), str(folder / _RECORDS)
    try:
        for split in registry.list_splits(records):
            registry.get_dataset(records, split)
    except errors.InputError:
        return None
    return card


def _read_file(path: Path) -> dict[str, Any] | None:
    """Returns a source.json; None where it is none, or damaged."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        is_whole = isinstance(card["source"], str) and isinstance(
            card["left_out"], list
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return card if is_whole else None
