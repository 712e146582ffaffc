"""Where charts put values."""

import pytest

from slimnets.report.evaluation_page import charts


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.0, 172.0, [0, 50, 100, 150]),
        (0.013, 0.021, [0.014, 0.016, 0.018, 0.02]),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert charts.choose_ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize("value", [0.0, 0.02, -3.0])
def test_one_value_has_a_range_around_it(value):
    low, high = charts.find_range([value, value])
    assert low < value < high


def test_values_have_their_places():
    plot = charts.Plot(176, 150, (0.0, 2.0), (0.0, 1.0))
    assert plot.place(0, 0) == (64, 110)  # at the corner of the axes
    assert plot.place(2, 1) == (164, 10)
    assert plot.place(1, 0.5) == (114, 60)
