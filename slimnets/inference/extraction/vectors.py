"""The vectors of an extraction's images, as many as pages can show."""

import fnmatch
import math
import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from slimnets import errors
from slimnets.inference.extraction.batches import Batch

MOST = 20_000  # images that are kept; of more, evenly spread ones


class Vectors(NamedTuple):
    """One end point of some images.

    Attributes:
      values: float32 [images, channels], each of length 1, or 0 where all are 0.
      numbers: int64 [images], ascending, of all images from 0.
      class_names: of each, '' where it is unknown.
      files: of each.
    """

    values: np.ndarray
    numbers: np.ndarray
    class_names: Sequence[str]
    files: Sequence[str]


class Collector:
    """Keeps the vectors of images; of many those that are evenly spread."""

    def __init__(self, end_point: str, total: int, queries: Sequence[str] = ()):
        """Starts before the first.

        Args:
          end_point: of `Batch.pooled`.
          total: images that come at most.
          queries: names, or shell wildcards, of images that are kept in any case.
        """
        self._end_point, self._queries = end_point, queries
        self._every = max(1, math.ceil(total / MOST))
        self._held: list[Vectors] = []

    def add(self, batch: Batch) -> None:
        """Takes a batch.

        Raises:
          InputError: a vector is not finite.
        """
        files = [errors.printable(os.fsdecode(file)) for file in batch.filenames]
        kept = [
            i
            for i, number in enumerate(batch.numbers)
            if number % self._every == 0 or matches(files[i], self._queries)
        ]
        values = batch.pooled[self._end_point][kept]
        values = values.reshape(len(kept), -1)
        broken = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if len(broken):
            raise errors.InputError(
                f"{self._end_point} of {files[kept[broken[0]]] or 'an image'} is NaN or"
                " infinite: it has no neighbours; look at the checkpoint"
            )
        lengths = np.linalg.norm(values, axis=1, keepdims=True)
        names = [", ".join(batch.class_names[i]) for i in kept]
        self._held.append(
            Vectors(
                values / np.maximum(lengths, np.finfo(np.float32).tiny),
                batch.numbers[kept],
                names,
                [files[i] for i in kept],
            )
        )

    def collect(self) -> Vectors:
        """Returns all that was kept."""
        return Vectors(
            np.concatenate([each.values for each in self._held]),
            np.concatenate([each.numbers for each in self._held]),
            [name for each in self._held for name in each.class_names],
            [file for each in self._held for file in each.files],
        )


def matches(file: str, patterns: Sequence[str]) -> bool:
    """Returns whether a file's path, or its last part, is one of some names."""
    last = file.rpartition("/")[2]
    return any(
        fnmatch.fnmatchcase(file, pattern) or fnmatch.fnmatchcase(last, pattern)
        for pattern in patterns
    )


def require_match(names: Iterable[str], patterns: Sequence[str]) -> None:
    """Raises an InputError if --queries names none of the images.

    Args:
      names: of the images; read up to the first that is meant.
      patterns: of --queries, at least one.
    """
    first = ""
    for name in names:
        name = errors.printable(name)
        first = first or name
        if matches(name, patterns):
            return
    advice = f"the first is {first}" if first else "they have no names"
    raise errors.InputError(
        f"no image is called {' or '.join(patterns)}, as --queries says; {advice}"
    )


def choose_spread(count: int, most: int) -> list[int]:
    """Returns `most` of the places from 0 to `count` - 1, evenly spread; or all."""
    if count <= most:
        return list(range(count))
    return [k * count // most for k in range(most)]
