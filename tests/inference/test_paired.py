"""Paired differences: the exact test, and an interval, beside known numbers."""

import numpy as np
import pytest

from slimnets.inference.paired import compare_right


def make(both: int, first: int, second: int, neither: int) -> list[np.ndarray]:
    """Returns which images two networks have right, by the four counts."""
    counts = (both, first, second, neither)
    return [np.repeat(pattern, counts) for pattern in ([1, 1, 0, 0], [1, 0, 1, 0])]


@pytest.mark.parametrize(
    ("counts", "p_value"),
    [
        ((5, 9, 2, 3), 2 * (1 + 11 + 55) / 2**11),
        ((5, 2, 9, 3), 2 * (1 + 11 + 55) / 2**11),
        ((10, 0, 0, 2), 1.0),
        ((0, 3, 3, 0), 1.0),
        ((0, 4000, 3000, 0), 5.2e-33),
    ],
)
def test_mcnemar(counts, p_value):
    one, other = (each.astype(bool) for each in make(*counts))
    found = compare_right(one, other)
    assert found.p_value == pytest.approx(p_value, rel=0.1 if p_value < 1e-9 else 1e-9)
    assert found.share == pytest.approx((counts[1] - counts[2]) / sum(counts))
    assert found.low <= found.share <= found.high


def test_the_interval_of_agresti_and_min():
    """Half an image more in each cell, in the interval of Wald."""
    one, other = (each.astype(bool) for each in make(60, 20, 10, 10))
    found = compare_right(one, other)
    gained, lost, count = 20.5 / 102, 10.5 / 102, 102
    spread = np.sqrt((gained + lost - (gained - lost) ** 2) / count)
    expected = (gained - lost) + np.array([-1, 1]) * 1.959964 * spread
    np.testing.assert_allclose((found.low, found.high), expected, rtol=1e-6)
