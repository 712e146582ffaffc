"""The report beside a quantized file: a table, JSON, and a bound."""

import json

import pytest

from slimnets import errors
from slimnets.inference.parity import Parity, Scored


def make(before: float, after: float) -> Parity:
    return Parity(
        kind="int8",
        images=200,
        source="flowers, validation",
        checkpoint=Scored(
            "checkpoint, float", {"top1": before, "top5": 1.0}, 2.5, 2_000_000
        ),
        file=Scored("int8 by LiteRT", {"top1": after, "top5": 0.99}, 1.25, 600_000),
        threads=2,
        calibration_images=300,
    )


def test_a_table():
    assert str(make(0.735, 0.73)).splitlines() == [
        "200 images of flowers, validation  top-1   top-5  ms/image    MB",
        "checkpoint, float                  73.50  100.00      2.50  2.00",
        "int8 by LiteRT                     73.00   99.00      1.25  0.60",
        "top-1 is 0.50 points lower; one image at a time by LiteRT, threads: 2",
    ]
    assert "0.50 points higher" in str(make(0.73, 0.735))


def test_a_table_of_what_was_trained_rounded():
    rounded = Scored("checkpoint, rounded", {"top1": 0.735, "top5": 1.0})
    report = make(0.70, 0.73)._replace(rounded=rounded)
    assert [line.rstrip() for line in str(report).splitlines()[2:]] == [
        "checkpoint, rounded                73.50  100.00",
        "int8 by LiteRT                     73.00   99.00      1.25  0.60",
        "top-1 is 0.50 points lower than rounded in training, 3.00 points higher than"
        " in float; one image at a time by LiteRT, threads: 2",
    ]
    report.require(0.6)
    with pytest.raises(errors.InputError, match=r"falls from 73\.50% to 73\.00%"):
        report.require(0.4)
    kept = json.loads(json.dumps(report.to_json()))
    assert kept["drop_in_points"] == pytest.approx(0.5)
    assert kept["drop_from_float_in_points"] == pytest.approx(-3)
    assert kept["rounded"]["measures"]["top1"] == 0.735


def test_json():
    report = json.loads(json.dumps(make(0.735, 0.73).to_json()))
    assert report["drop_in_points"] == pytest.approx(0.5)
    assert report["checkpoint"]["measures"]["top1"] == 0.735
    assert report["file"]["bytes"] == 600_000


@pytest.mark.parametrize("after", [0.72, float("nan")])
def test_a_drop_that_is_too_large_is_one_line(after):
    make(0.735, 0.73).require(0.6)
    with pytest.raises(errors.InputError, match=r"more than --max_drop=0\.6") as caught:
        make(0.735, after).require(0.6)
    assert "\n" not in str(caught.value)
    assert "top-1 on 200 images of flowers, validation" in str(caught.value)
