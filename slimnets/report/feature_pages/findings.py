"""What the pages of features show, as plain data."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

NO_CLASS = ""  # of an image whose class is unknown


class Shown(NamedTuple):
    """An image.

    Attributes:
      file: its name, '' where it has none.
      class_name: of its class; NO_CLASS where it is unknown.
      jpeg: a small picture of it; None where it cannot be read.
    """

    file: str
    class_name: str
    jpeg: bytes | None


class Query(NamedTuple):
    """An image and those that are nearest to it, the nearest first, with cosines."""

    image: Shown
    nearest: Sequence[tuple[Shown, float]]


class Neighbours(NamedTuple):
    """What the page of neighbours shows.

    Attributes:
      title: of the page.
      images: that were compared.
      nearest: how many neighbours are shown of each.
      same_class: share, in [0, 1], of the neighbours of all images that are of the same
        class; None where classes are unknown.
      by_class: (images, share) by class, as `same_class`.
      said: which images are shown, and why these.
      queries: them.
      facts: further facts by name.
    """

    title: str
    images: int
    nearest: int
    same_class: float | None
    by_class: Mapping[str, tuple[int, float]]
    said: str
    queries: Sequence[Query]
    facts: Mapping[str, str]


class Picture(NamedTuple):
    """What the page with all images in a plane shows.

    Attributes:
      title: of the page.
      said: how the plane was made, and which images are shown.
      places: float [images, 2].
      images: as many.
      facts: further facts by name.
    """

    title: str
    said: str
    places: np.ndarray
    images: Sequence[Shown]
    facts: Mapping[str, str]
