"""Durations in steps or epochs."""

import pytest

from slimnets import errors
from slimnets.config import durations


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("500", 500),
        (500, 500),
        ("500st", 500),
        ("2ep", 20),  # of 100 images, 10 a step
        ("0.5ep", 5),
        ("0.01ep", 1),
        ("1e-05ep", 1),
        ("0", 0),
        ("0ep", 0),
        ("0.0ep", 0),
    ],
)
def test_steps(text, steps):
    parsed = durations.parse(text)
    assert durations.count_steps(parsed, num_examples=100, batch_size=10) == steps


def test_an_epoch_that_ends_within_a_step():
    assert durations.count_steps("1ep", num_examples=101, batch_size=10) == 11


@pytest.mark.parametrize("text", ["", "ten", "10 epochs", "1.5", "1.5st", "-1", "ep"])
def test_what_is_none(text):
    with pytest.raises(errors.InputError, match="is no duration; write 500 or 500st"):
        durations.count_steps(text, 100, 10)
