"""What is tried and what is chosen for the table of the fastest."""

from benchmarks import candidates
from benchmarks.candidates import Row
from slimnets.nets.fastest import Fastest


def row(candidate, gain):
    return Row("lenet", "train", "tensorflow", candidate, 10.0 * gain, gain, gain, gain)


def test_the_best_is_chosen_where_it_gains_enough():
    rows = [
        row("float32", 1.0),
        row("bfloat16", 1.2),
        row("bfloat16 compiled_activations", 1.4),
    ]
    assert candidates.choose(rows, 1.03) == Fastest(
        "bfloat16", ("compiled_activations",), 1.4
    )
    assert candidates.choose(rows[:2], 1.3) == Fastest("float32", (), 1.0)


def test_bfloat16_is_tried_where_the_processor_has_it():
    for mode in ("train", "infer"):
        found = candidates.list_candidates(mode, has_bfloat16=False)
        assert found[0] == "float32"
        assert all(name.startswith("float32") for name in found)
        more = candidates.list_candidates(mode, has_bfloat16=True)
        assert "bfloat16" in more
