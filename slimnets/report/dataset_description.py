"""A dataset in words: classes, sizes, colour modes, copies, broken records."""

import collections
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.datasets import survey
from slimnets.datasets.survey import Survey
from slimnets.datasets.writer import format_table
from slimnets.report import contact_sheet

_MOST_CLASSES = 50  # in the table; of more the largest and the smallest are shown
_EXTREMES = 10
_MOST_LISTED = 20  # broken records and copies
_SIDE = 128  # pixels of a picture on the contact sheet

# Where an image is: its split, and its number there.
_Place = tuple[str, int]


def describe(surveys: Mapping[str, Survey]) -> str:
    """Returns what the splits hold, as text.

    Args:
      surveys: by split; of one dataset.
    """
    first = next(iter(surveys.values())).dataset
    labels = "any number of labels" if first.multi_label else "one label"
    lines = [f"{first.name}: {first.num_classes:,} classes, {labels} an image", ""]
    lines += [_format_classes(surveys), ""]
    for split, of_split in surveys.items():
        lines += _describe_split(split, of_split)
    lines += _describe_copies(surveys)
    broken = [line for of_split in surveys.values() for line in of_split.broken]
    lines += _shorten(f"broken records: {len(broken):,}", broken)
    lines += _shorten(f"left out before: {len(first.left_out):,}", first.left_out)
    return "\n".join(lines)


def to_json(surveys: Mapping[str, Survey]) -> dict[str, Any]:
    """Returns all figures, as `json.dump` takes them; arguments as of `describe`."""
    first = next(iter(surveys.values())).dataset
    return {
        "name": first.name,
        "multi_label": first.multi_label,
        "classes": list(first.class_names),
        "splits": {split: _figures(of_split) for split, of_split in surveys.items()},
        "copies_across_splits": [
            [f"{split}/{number}" for split, number in places]
            for places in find_copies(surveys, across_splits=True)
        ],
        "copies_within_a_split": len(find_copies(surveys, across_splits=False)),
        "left_out": list(first.left_out),
    }


def find_copies(
    surveys: Mapping[str, Survey], across_splits: bool
) -> list[list[_Place]]:
    """Returns the places of each file that several records hold, byte for byte.

    Args:
      surveys: by split.
      across_splits: return those in more than one split; if not, those that stand
        several times in one alone.
    """
    places: dict[bytes, list[_Place]] = collections.defaultdict(list)
    for split, of_split in surveys.items():
        for image in of_split.images:
            places[image.digest].append((split, image.number))
    several = [found for found in places.values() if len(found) > 1]
    return [
        found
        for found in several
        if (len({split for split, _ in found}) > 1) == across_splits
    ]


def draw_contact_sheet(surveys: Mapping[str, Survey], most: int) -> bytes:
    """Returns a PNG of images of every class in turn, each with its classes below.

    Args:
      surveys: by split.
      most: images, at most.

    Raises:
      InputError: the library that draws is not installed.
    """
    contact_sheet.require()
    pictures, captions = [], []
    chosen = _choose_in_turn(surveys, most)
    for split, numbers in chosen.items():
        dataset = surveys[split].dataset
        by_number = {image.number: image for image in surveys[split].images}
        for number, pixels in zip(
            sorted(numbers),
            survey.read_images(dataset, sorted(numbers)),
            strict=True,
        ):
            names = [dataset.class_names[k] for k in by_number[number].labels]
            pictures.append(_shrink(pixels))
            captions.append(f"{', '.join(names) or 'no label'}\n{split} {number}")
    return contact_sheet.draw(pictures, captions)


def write_contact_sheet(surveys: Mapping[str, Survey], most: int, path: Path) -> None:
    """Writes the contact sheet; arguments and errors as of `draw_contact_sheet`."""
    try:
        path.write_bytes(draw_contact_sheet(surveys, most))
    except OSError as error:
        raise errors.InputError(f"cannot write {path}: {error.strerror}") from error


def _format_classes(surveys: Mapping[str, Survey]) -> str:
    """Returns a table of images by class and split."""
    names = next(iter(surveys.values())).dataset.class_names
    counts = {split: of.count_classes() for split, of in surveys.items()}
    total = np.sum([*counts.values()], axis=0)
    listed: np.ndarray = np.arange(len(names))
    if len(names) > _MOST_CLASSES:
        largest = np.argsort(-total, kind="stable")
        listed = np.concatenate([largest[:_EXTREMES], largest[-_EXTREMES:]])
    rows = [["class", *counts]]
    rows += [
        [errors.printable(names[k]), *(f"{of[k]:,}" for of in counts.values())]
        for k in listed
    ]
    rows.append(["images", *(f"{len(of.images):,}" for of in surveys.values())])
    return format_table(rows)


def _describe_split(split: str, of_split: Survey) -> Iterator[str]:
    figures = _figures(of_split)
    yield f"{split}: {figures['images']:,} images, {figures['bytes'] / 1e6:,.1f} MB"
    if not of_split.images:
        return
    for side in ("width", "height"):
        low, middle, high = (figures[side][k] for k in ("least", "median", "most"))
        yield f"  {side}: {low} to {high} pixels, median {middle:g}"
    modes = ", ".join(f"{mode} {count:,}" for mode, count in figures["modes"].items())
    yield f"  stored as: {modes}"
    if figures["without_label"]:
        yield f"  without a label: {figures['without_label']:,}"


def _figures(of_split: Survey) -> dict[str, Any]:
    dataset = of_split.dataset
    counts = of_split.count_classes().tolist()
    return {
        "images": len(of_split.images),
        "bytes": of_split.total_bytes,
        "classes": dict(zip(dataset.class_names, counts, strict=True))
        if len(set(dataset.class_names)) == len(counts)
        else counts,
        "without_label": sum(not image.labels for image in of_split.images),
        "width": _spread(of_split.widths),
        "height": _spread(of_split.heights),
        "modes": dict(of_split.modes.most_common()),
        "broken": of_split.broken,
    }


def _spread(sides: Sequence[int]) -> dict[str, float] | None:
    if not sides:
        return None
    return {
        "least": min(sides),
        "median": float(np.median(sides)),
        "most": max(sides),
    }


def _describe_copies(surveys: Mapping[str, Survey]) -> Iterator[str]:
    across = find_copies(surveys, across_splits=True)
    lines = [" and ".join(f"{split} {k}" for split, k in found) for found in across]
    title = f"images in more than one split: {len(across):,}"
    if across:
        title += "; evaluation scores what was trained on"
    yield from _shorten(title, lines)
    within = find_copies(surveys, across_splits=False)
    yield f"images several times in one split: {len(within):,}"


def _shorten(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield title
    yield from (f"  {line}" for line in lines[:_MOST_LISTED])
    if len(lines) > _MOST_LISTED:
        yield f"  ... and {len(lines) - _MOST_LISTED:,} more, all of them in --json"


def _choose_in_turn(surveys: Mapping[str, Survey], most: int) -> dict[str, list[int]]:
    """Returns numbers by split: a first image of each class, then a second, ..."""
    by_class: dict[int, list[_Place]] = collections.defaultdict(list)
    for split, of_split in surveys.items():
        for image in of_split.images:
            by_class[image.labels[0] if image.labels else -1].append(
                (split, image.number)
            )
    turns = max(map(len, by_class.values()), default=0)
    in_turn = [
        places[turn]
        for turn in range(turns)
        for _, places in sorted(by_class.items())
        if turn < len(places)
    ]
    chosen: dict[str, list[int]] = collections.defaultdict(list)
    for split, number in in_turn[:most]:
        chosen[split].append(number)
    return chosen


def _shrink(pixels: np.ndarray) -> np.ndarray:
    """Returns an image whose longer side is no longer than on the contact sheet."""
    longer = max(pixels.shape[:2])
    if longer <= _SIDE:
        return pixels
    size = [max(1, side * _SIDE // longer) for side in pixels.shape[:2]]
    small = tf.image.resize(pixels, size, tf.image.ResizeMethod.AREA)
    return tf.cast(tf.round(small), tf.uint8).numpy()
