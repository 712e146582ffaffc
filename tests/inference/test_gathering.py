"""Outcomes of several devices and workers are those of one."""

import dataclasses
import re

import numpy as np
import pytest

from slimnets.inference import gathering, outcomes
from tests.inference.test_evaluator import evaluated
from tests.inference.test_predictions_file import make_outcomes


def take(whole: outcomes.Outcomes, places: slice) -> outcomes.Outcomes:
    """Returns a worker's share of outcomes."""
    names = ("numbers", "files", "labels", "classes", "probabilities", "of_label")
    return outcomes.Outcomes(
        **{name: getattr(whole, name)[places] for name in names}, left_out={}
    )


@pytest.mark.parametrize(
    "labels", [[0, 1, 2, 0], [[True, False, True]] * 2 + [[False] * 3] * 2]
)
def test_shares_become_the_whole_in_order(labels):
    classes = [[0, 1], [1, 2], [2, 0], [-1, -1]]
    whole = make_outcomes(labels, classes, np.linspace(0, 1, 8).reshape([4, 2]))
    names = ("a.jpg", "ü\udcff.jpg", "", "d.jpg")
    whole = dataclasses.replace(whole, files=names, left_out={4: "a line"})
    shares = [gathering.pack(take(whole, slice(k, None, 2))) for k in (1, 0)]
    found = gathering.merge([b"", *shares], {4: "a line"})
    for name, value in dataclasses.asdict(whole).items():
        np.testing.assert_array_equal(getattr(found, name), value, name)


def forget_devices(page: str) -> str:
    """Returns a page without what names the devices, their batch and the time."""
    rows = "strategy|num_clones|batch_size|scored in"
    return re.sub(rf'<th scope="row">({rows})</th><td>[^<]*</td>', "", page)


def test_files_of_several_replicas_are_those_of_one_device(run, tmp_path):
    """Byte for byte, but for the facts that name the devices, where batches are alike.

    A batch of another size is rounded otherwise in the last bit.
    """
    report, table = tmp_path / "report.html", tmp_path / "predictions.csv"
    pages, tables = [], []
    for flags in (
        {"batch_size": 2},
        {"batch_size": 4, "strategy": "mirrored", "num_clones": 2},
    ):
        evaluated(run, report=str(report), predictions=str(table), **flags)
        pages.append(forget_devices(report.read_text()))
        tables.append(table.read_bytes())
    assert tables[0] == tables[1]
    assert pages[0] == pages[1] and len(pages[0]) > 10_000
