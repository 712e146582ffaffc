"""The numbers of the page: intervals, calibration, confusions, curves."""

import math
from typing import NamedTuple

import numpy as np

_Z = 1.959963984540054  # of the normal distribution: 95 % lie within
_BINS = 15


def compute_wilson_interval(share: float, count: int) -> tuple[float, float]:
    """Returns the 95 % interval of a share, as Wilson (1927) has it.

    It stays in [0, 1], and holds for small counts and shares near 0 and 1 too.

    Args:
      share: of the examples, in [0, 1].
      count: of the examples, at least 1.
    """
    weight = _Z**2 / count
    middle = (share + weight / 2) / (1 + weight)
    spread = math.sqrt(share * (1 - share) / count + weight / (4 * count))
    half = _Z * spread / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)


class Calibration(NamedTuple):
    """How often the network is right at each level of its sureness.

    Attributes:
      counts: int64 [bins], predictions of each level; levels are equally wide.
      sureness: float64 [bins], the mean probability; NaN in an empty one.
      right: float64 [bins], the share of right ones; NaN in an empty one.
      error: their mean difference, over all predictions, in [0, 1].
    """

    counts: np.ndarray
    sureness: np.ndarray
    right: np.ndarray
    error: float


def calibrate(
    probabilities: np.ndarray, right: np.ndarray, bins: int = _BINS
) -> Calibration:
    """Compares probabilities with what came true: Guo et al., arXiv:1706.04599.

    Args:
      probabilities: float [predictions], at least one, in [0, 1].
      right: bool [predictions].
      bins: levels.
    """
    level = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    counts = np.bincount(level, minlength=bins)
    nonzero = np.where(counts, counts, np.nan)
    sureness = np.bincount(level, probabilities, bins) / nonzero
    share = np.bincount(level, right, bins) / nonzero
    gaps = np.nan_to_num(abs(sureness - share))
    return Calibration(counts, sureness, share, float(gaps @ counts / counts.sum()))


class Confusion(NamedTuple):
    """Images of one class that were taken for another: `share` of the former's."""

    truth: int
    prediction: int
    images: int
    share: float


def list_confusions(matrix: np.ndarray, most: int) -> list[Confusion]:
    """Returns the pairs of classes that are confused most often, the first ones first.

    Args:
      matrix: int64 [classes, classes], rows the truth, columns the prediction.
      most: how many to return.
    """
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    totals = matrix.sum(axis=1)
    return [
        Confusion(int(t), int(p), int(wrong[t, p]), float(wrong[t, p] / totals[t]))
        for t, p in pairs
        if wrong[t, p]
    ]


def compute_precision_recall(
    scores: np.ndarray, truth: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Returns precision and recall at falling thresholds, and the average precision.

    Args:
      scores: float [examples].
      truth: bool [examples], at least one of them true.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, found = scores[order], np.cumsum(truth[order])
    last_of_score = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    precision = found[last_of_score] / (last_of_score + 1)
    recall = found[last_of_score] / found[-1]
    return precision, recall, float(np.diff(recall, prepend=0) @ precision)


def spread_out(
    classes: np.ndarray, probabilities: np.ndarray, num_classes: int
) -> np.ndarray:
    """Returns [examples, num_classes], from all classes in the order of each example.

    Args:
      classes: int [examples, num_classes]; without those that are not finite.
      probabilities: float [examples, num_classes].
      num_classes: how many there are.
    """
    spread = np.zeros([len(classes), num_classes])
    np.put_along_axis(spread, classes.astype(np.int64), probabilities, axis=1)
    return spread
