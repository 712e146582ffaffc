"""Named values of moved programs."""

import pytest

from slimnets.upgrade.hparams import HParams


@pytest.fixture
def values() -> HParams:
    return HParams(rate=0.5, steps=3, name="a", sizes=(1, 2), on=False, other=None)


def test_values_are_attributes(values):
    assert (values.rate, values.sizes, "steps" in values) == (0.5, [1, 2], True)
    assert values.get("none", 7) == 7
    values.add_hparam("new", 1)
    values.del_hparam("name")
    assert list(values.values()) == ["rate", "steps", "sizes", "on", "other", "new"]


def test_a_text_sets_values_of_the_type_they_had(values):
    values.parse("rate=1,steps=4, name=b c,sizes=[3,4],on=true,sizes[1]=9,other=[x]")
    assert values.values() == {
        "rate": 1.0,
        "steps": 4,
        "name": "b c",
        "sizes": [3, 9],
        "on": True,
        "other": ["x"],
    }
    assert isinstance(values.rate, float)


def test_numbers_may_have_exponents_and_signs(values):
    assert values.parse("rate=-1e-4").rate == -1e-4


@pytest.mark.parametrize(
    "text", ["none=1", "steps=1.5", "steps=x", "steps", "on=2", "sizes=[1.5]"]
)
def test_what_does_not_fit_is_refused(values, text):
    with pytest.raises(ValueError):
        values.parse(text)


def test_a_name_is_added_once(values):
    with pytest.raises(ValueError, match="reserved or taken"):
        values.add_hparam("rate", 1)
    with pytest.raises(ValueError, match="reserved or taken"):
        HParams(parse=1)


def test_json_goes_both_ways(values):
    other = HParams(rate=0.1, steps=1, name="", sizes=[0], on=True, other=1)
    values.del_hparam("other")
    assert other.parse_json(values.to_json()).sizes == [1, 2]
    assert other.rate == 0.5
