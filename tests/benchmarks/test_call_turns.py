"""Ratios are medians over turns, in which all runners had the same machine."""

from benchmarks import call_turns


def test_a_line_for_each_runner():
    times = {"litert float32": [4.0, 8.0, 4.0], "litert int8": [2.0, 2.0, 4.0]}
    base, int8 = call_turns.summarize("lenet", times, {"litert int8": 0.5})
    assert base.ratio == base.least == base.most == 1 and base.MB is None
    assert (int8.ms, int8.ratio, int8.least, int8.most) == (2, 2, 1, 4)
    assert int8.MB == 0.5


def test_the_first_turn_is_not_counted():
    calls = []
    times = call_turns.measure(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3, 2
    )
    assert {name: len(found) for name, found in times.items()} == {"a": 3, "b": 3}
    assert calls == list("aabb" * 4)
