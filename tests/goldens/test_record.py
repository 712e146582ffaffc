"""The tool that records goldens writes what research/slim's were written like."""

import json

import pytest

from slimnets import errors
from tests.goldens import record

REFERENCE = json.loads((record.GOLDENS / "lenet.json").read_text())
LARGEST = 150_000  # bytes


def test_what_it_records_of_a_network_of_research_slim_is_that_golden(tmp_path):
    facts = json.loads(record.record("lenet", True, tmp_path).read_text())
    assert facts.pop("source") == "slimnets"
    assert facts.keys() == REFERENCE.keys()
    for key in ("variables", "trainable", "end_points", "default_image_size"):
        assert facts[key] == REFERENCE[key]
    assert facts["logits"].keys() == REFERENCE["logits"].keys()
    assert list(facts["end_point_norms"]) == list(REFERENCE["end_point_norms"])


def test_it_writes_over_its_own_and_leaves_numbers_out(tmp_path):
    record.record("lenet", True, tmp_path)
    facts = json.loads(record.record("lenet", False, tmp_path).read_text())
    assert "logits" not in facts and "end_point_norms" not in facts


def test_it_refuses_to_write_over_a_fact_of_research_slim():
    message = r"lenet\.json is a fact of research/slim: mend the network"
    with pytest.raises(errors.InputError, match=message):
        record.record("lenet", False)


def test_own_goldens_are_small():
    for path in record.GOLDENS.glob("*.json"):
        if "source" in json.loads(path.read_text()):
            assert path.stat().st_size < LARGEST, path
