"""Flags that take several values, and their combinations."""

import pytest
from absl import flags

from slimnets.config import dataclass_flags, several_values
from slimnets.config.inference import EvalConfig

NAMES = ("image_size", "crop_pct")


@pytest.fixture
def parse():
    """Returns what reads a command line."""

    def parse_words(*words: str) -> flags.FlagValues:
        values = flags.FlagValues()
        dataclass_flags.define_flags(EvalConfig, values)
        several_values.allow_several(NAMES, values)
        values(["program", *words])
        return values

    return parse_words


def test_every_combination_in_order_and_once(parse):
    given = parse("--image_size=128,160,128", "--crop_pct=0.5, 1")
    found = several_values.list_combinations(given.flag_values_dict(), NAMES)
    assert found == [
        {"image_size": size, "crop_pct": part}
        for size in (128, 160)
        for part in (0.5, 1)
    ]


def test_one_value_stays_one(parse):
    given = parse("--image_size=128")
    assert given["image_size"].value == 128 and given["crop_pct"].value is None
    assert several_values.list_combinations(given.flag_values_dict(), NAMES) == [{}]


def test_what_is_no_number_is_refused(parse):
    with pytest.raises(flags.IllegalFlagValueError, match="image_size"):
        parse("--image_size=128,big")
    assert several_values.list_combinations({"a": [1]}, ["a"]) == [{"a": 1}]
