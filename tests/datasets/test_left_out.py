"""What a pipeline left out is found by the numbers that do not come."""

import pytest

from slimnets import errors
from slimnets.datasets.left_out import LeftOut


def test_gaps_are_described():
    left_out = LeftOut(range(9), lambda number: f"number {number}", None)
    left_out.note([1, 2])
    left_out.note([])
    left_out.note([5, 6])
    left_out.finish()
    assert left_out.lines == [f"number {k}" for k in (0, 3, 4, 7, 8)]


def test_gaps_in_a_workers_share():
    left_out = LeftOut(range(1, 10, 3), str, None)
    left_out.note([4])
    left_out.finish()
    assert left_out.numbers == [1, 7]
    LeftOut(range(3, 3, 4), str, None).finish()  # of more workers than examples


def test_more_than_may_be_left_out():
    left_out = LeftOut(range(9), str, 2)
    left_out.note([2])
    with pytest.raises(errors.InputError) as caught:
        left_out.note([5])
    assert (
        str(caught.value)
        == "more than --max_bad_records=2 bad records, the last one: 3"
    )


def test_counts_that_are_off():
    left_out = LeftOut(range(2), str, None)
    with pytest.raises(errors.InputError, match="more than the 2 examples"):
        left_out.note([0, 1, 2])
    left_out = LeftOut(range(2), str, None)
    with pytest.raises(errors.InputError, match="none of the 2 images can be used, su"):
        left_out.finish()
