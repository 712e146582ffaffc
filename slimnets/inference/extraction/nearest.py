"""--neighbours: which images are nearest to which, and the page that shows them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from slimnets import errors
from slimnets.checkpoints import atomic_files
from slimnets.config.feature_views import FeatureViewsConfig
from slimnets.inference.extraction.images import Images
from slimnets.inference.extraction.vectors import (
    Vectors,
    choose_spread,
    matches,
    require_match,
)
from slimnets.report.feature_pages import neighbours
from slimnets.report.feature_pages.findings import Neighbours, Query, Shown

_SIDE = 112  # pixels of a thumbnail
_ROWS = 1024  # whose cosines with all others are in memory at once


def write_page(
    vectors: Vectors,
    images: Images,
    config: FeatureViewsConfig,
    title: str,
    facts: Mapping[str, str],
) -> None:
    """Writes the page, atomically.

    Raises:
      InputError: there is one image alone, or none is called as --queries says.
      OSError: it cannot be written; nothing is left then.
    """
    count = len(vectors.numbers)
    if count < 2:
        raise errors.InputError("--neighbours needs two images or more")
    nearest, cosines = find_nearest(vectors.values, config.num_neighbours)
    chosen, said = _choose_queries(vectors, config)
    wanted = np.unique(np.concatenate([chosen, nearest[chosen].ravel()]))
    pictures = images.draw(vectors.numbers[wanted].tolist(), _SIDE)

    def show(place: int) -> Shown:
        jpeg = pictures.get(int(vectors.numbers[place]))
        return Shown(vectors.files[place], vectors.class_names[place], jpeg)

    same = compare_classes(vectors.class_names, nearest)
    found = Neighbours(
        title=title,
        images=count,
        nearest=nearest.shape[1],
        same_class=None if same is None else float(same.mean()),
        by_class={} if same is None else _list_classes(vectors.class_names, same),
        said=f"{said} {_say_compared(count, images.total)}",
        queries=[
            Query(
                show(place),
                [
                    (show(other), float(cosine))
                    for other, cosine in zip(
                        nearest[place], cosines[place], strict=True
                    )
                ],
            )
            for place in chosen
        ],
        facts=facts,
    )
    atomic_files.write_text(Path(str(config.neighbours)), neighbours.render(found))


def find_nearest(values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the images that are nearest to each, the nearest first, without itself.

    Args:
      values: float32 [images, channels], of length 1; two images or more.
      count: how many; at most as many as there are others.

    Returns:
      (places, cosines): int64 and float32 [images, count].
    """
    count = min(count, len(values) - 1)
    places = np.empty([len(values), count], np.int64)
    cosines = np.empty([len(values), count], np.float32)
    for first in range(0, len(values), _ROWS):
        rows = slice(first, min(first + _ROWS, len(values)))
        found = values[rows] @ values.T
        own = np.arange(rows.start, rows.stop)
        found[own - first, own] = -np.inf
        best = np.argpartition(-found, count - 1, axis=1)[:, :count]
        held = np.take_along_axis(found, best, axis=1)
        order = np.lexsort((best, -held), axis=1)
        places[rows] = np.take_along_axis(best, order, axis=1)
        cosines[rows] = np.take_along_axis(held, order, axis=1)
    return places, np.clip(cosines, -1, 1)


def compare_classes(names: Sequence[str], nearest: np.ndarray) -> np.ndarray | None:
    """Returns the share of each image's neighbours that are of its class.

    Args:
      names: of the classes, '' where unknown.
      nearest: int64 [images, neighbours], as of `find_nearest`.

    Returns:
      float [images]; None unless all classes are known.
    """
    if not all(names):
        return None
    ids = np.unique(names, return_inverse=True)[1]
    return (ids[nearest] == ids[:, np.newaxis]).mean(axis=1)


def _list_classes(
    names: Sequence[str], same: np.ndarray
) -> dict[str, tuple[int, float]]:
    """Returns images and share of each class, the lowest share first."""
    known, ids = np.unique(names, return_inverse=True)
    counts = np.bincount(ids)
    shares = np.bincount(ids, weights=same) / counts
    order = np.argsort(shares, kind="stable")
    return {str(known[k]): (int(counts[k]), float(shares[k])) for k in order}


def _choose_queries(
    vectors: Vectors, config: FeatureViewsConfig
) -> tuple[np.ndarray, str]:
    """Returns the places of the images that are shown, and a sentence about them."""
    places = np.arange(len(vectors.files))
    of = "images"
    if config.queries:
        places = np.array(
            [k for k, f in enumerate(vectors.files) if matches(f, config.queries)],
            np.int64,
        )
        of = f"images that --queries={','.join(config.queries)} names"
        if not len(places):
            require_match(vectors.files, config.queries)  # that which is left out
    chosen = places[choose_spread(len(places), config.num_queries)]
    if len(chosen) == len(places):
        return chosen, f"All {len(places):,} {of}, each with its nearest by cosine."
    return chosen, (
        f"{len(chosen):,} of the {len(places):,} {of}, evenly spread, each with its"
        " nearest by cosine; --queries=NAME shows others, --num_queries more."
    )


def _say_compared(count: int, total: int) -> str:
    if count >= total:
        return ""
    return (
        f"Compared were {count:,} of the {total:,} images: evenly spread ones of many,"
        " without those that could not be read."
    )
