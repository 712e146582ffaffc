"""Two networks on the same images: whether one is better, or it may be chance."""

import math
from typing import NamedTuple

import numpy as np

_Z = 1.959963984540054  # of the normal distribution: 95 % lie within


class Difference(NamedTuple):
    """How a network differs from another on the same images.

    Attributes:
      share: its share of right images less the other's.
      low: of the 95 % interval.
      high: of the 95 % interval.
      p_value: of McNemar's exact test that both are as good.
    """

    share: float
    low: float
    high: float
    p_value: float


def compare_right(right: np.ndarray, others: np.ndarray) -> Difference:
    """Compares which images two networks have right.

    The interval is that of Agresti and Min (Statistics in Medicine 24, 2005), who add
    half an image to each cell of the two by two table; the test is McNemar's
    (Psychometrika 12, 1947), exact by the binomial distribution.

    Args:
      right: bool [images], of one.
      others: bool [images], of the other.
    """
    gained = int((right & ~others).sum())
    lost = int((others & ~right).sum())
    count = len(right) + 2
    middle = (gained - lost) / count
    spread = math.sqrt((gained + lost + 1) / count - middle**2) / math.sqrt(count)
    return Difference(
        (gained - lost) / len(right),
        max(-1.0, middle - _Z * spread),
        min(1.0, middle + _Z * spread),
        _test_exactly(gained, lost),
    )


def _test_exactly(gained: int, lost: int) -> float:
    """Returns how likely a split at least as uneven is, if both are as good."""
    count, term, total = gained + lost, 1, 0
    for k in range(min(gained, lost) + 1):
        total += term
        term = term * (count - k) // (k + 1)
    return min(1.0, 2 * total / 2**count)
