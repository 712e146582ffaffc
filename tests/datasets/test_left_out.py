"""What a pipeline left out is found by the numbers that do not come."""

import pytest

from slimnets import errors
from slimnets.datasets.left_out import LeftOut, require_any, require_few


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
    message = "more than --max_bad_records=2 bad records, such as 3"
    assert str(caught.value) == message
    require_few(2, "3", 2)
    require_few(3, "3", None)


def test_counts_that_are_off():
    left_out = LeftOut(range(2), str, None)
    with pytest.raises(errors.InputError, match="more than the 2 examples"):
        left_out.note([0, 1, 2])


def test_a_share_may_be_left_out_whole_but_not_all():
    left_out = LeftOut(range(0, 4, 2), str, None)
    left_out.finish()
    require_any(left_out.lines, 4)
    require_any([], 0)
    with pytest.raises(errors.InputError, match="none of the 2 images can be used, su"):
        require_any(left_out.lines, 2)
