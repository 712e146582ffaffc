"""Contenders: measured in turns, in processes of their own; failures are told."""

import pytest

from benchmarks import benchmark_pipeline, contest
from benchmarks.work import INFER, INPUT, TRAIN, Work

LENET = Work("lenet", INFER, 2, 28)


def rated(rates: list[float]) -> contest.Contender:
    """Returns a contender that was measured already."""
    contender = object.__new__(contest.Contender)
    contender.rates = rates
    return contender


def test_ratios_are_of_the_same_turn():
    ours, theirs = rated([10.0, 20.0, 5.0]), rated([5.0, 5.0, 5.0])
    assert contest.ratios(ours, theirs) == [1.0, 2.0, 4.0]
    assert ours.rate == 10.0


@pytest.mark.slow
def test_a_contender_works_in_turns():
    contender = contest.Contender("slimnets", "tensorflow", LENET)
    try:
        contest.race([contender], turns=2, seconds=0.01)
        assert len(contender.rates) == 2 and min(contender.rates) > 0
        assert contender.first_step > 0
        assert contender.megabytes > 50
    finally:
        contender.close()


@pytest.mark.slow
def test_what_fails_says_why():
    with pytest.raises(contest.Failed, match=r"^slimnets \(auto\): .*unknown network"):
        contest.Contender("slimnets", "auto", Work("letnet", TRAIN, 2, 28))


def test_names_of_works():
    assert str(LENET) == "infer lenet, batch 2, 28 px"
    assert str(Work("vgg_16", INPUT, 16, photos="/x")) == "input, batch 16"


def test_the_verdict_names_the_slower_one():
    assert benchmark_pipeline.verdict(100, 300) == (
        "the input is the bottleneck; where both share these cores, about 75.0"
        " images/s, 75% of the time for the input"
    )
    assert benchmark_pipeline.verdict(300, 100).startswith("the network is the")
