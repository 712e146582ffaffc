"""What a pipeline left out is found by the numbers that do not come."""

import pytest

from slimnets import errors
from slimnets.datasets.left_out import LeftOut


def test_gaps_are_described():
    left_out = LeftOut(9, lambda number: f"number {number}", None)
    left_out.note([1, 2])
    left_out.note([])
    left_out.note([5, 6])
    left_out.finish()
    assert left_out.lines == [f"number {k}" for k in (0, 3, 4, 7, 8)]


def test_more_than_may_be_left_out():
    left_out = LeftOut(9, str, 2)
    left_out.note([2])
    with pytest.raises(errors.InputError) as caught:
        left_out.note([5])
    assert (
        str(caught.value)
        == "more than --max_bad_records=2 bad records, the last one: 3"
    )


def test_counts_that_are_off():
    left_out = LeftOut(2, str, None)
    with pytest.raises(errors.InputError, match="more than the 2 examples"):
        left_out.note([0, 1, 2])
    left_out = LeftOut(2, str, None)
    with pytest.raises(errors.InputError, match="none of the 2 images can be used, su"):
        left_out.finish()
