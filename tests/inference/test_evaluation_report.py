"""--report of an evaluation: the page of a real run."""

import json
import re

import numpy as np
import pytest

from slimnets.inference import evaluation_report
from tests.inference.test_evaluator import evaluated, refused
from tests.inference.test_predictions_file import make_outcomes


def test_the_page_of_a_run(run, tmp_path):
    lines = [{"step": 1, "loss": 2.5, "top1": 0.5}, {"step": 2, "loss": 1.5}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (run / "metrics.jsonl").write_text(text)
    path, table = tmp_path / "made" / "report.html", tmp_path / "table.csv"
    [result] = evaluated(run, report=str(path), predictions=str(table), batch_size=3)
    page = path.read_text()
    assert result.fault == "" and len(table.read_text().splitlines()) == 8
    assert f"<dd>{result.summary.top1:.2%}</dd>" in page
    assert "<h1>tiny_bn on toy validation</h1>" in page
    right = round(result.summary.top1 * 7)
    photos = re.findall(r'<img src="data:image/jpeg;base64,', page)
    assert len(photos) == 7 and 0 < right < 7  # all: the wrong and the right ones
    assert page.count('<h2 id="training">') == 1
    assert [*path.parent.iterdir()] == [path]


def test_the_worst_and_the_least_sure():
    found = make_outcomes(
        [0, 0, 0, 0, 0],
        [[1, 0], [0, 1], [1, 0], [0, 1], [-1, -1]],
        [[0.6, 0.4], [0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [np.nan, np.nan]],
    )
    mistakes, least_sure = evaluation_report.choose_examples(found)
    assert (mistakes.tolist(), least_sure.tolist()) == ([2, 0], [3, 1])


def test_history_lies_beside_the_run_or_its_best(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 3, "loss": null}\n')
    for folder in (tmp_path, tmp_path / "best"):
        found = evaluation_report.read_history(f"{folder}/model.ckpt-3")
        assert found == [{"step": 3, "loss": None}]
    for other in ("a/b", "a"):
        path = f"{tmp_path}/{other}/model.ckpt-3"
        assert evaluation_report.read_history(path) == []


@pytest.mark.parametrize("broken", ["{", "\xff"])
def test_a_broken_history_is_named(tmp_path, broken):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(broken.encode("latin1"))
    with pytest.raises(ValueError, match="cannot be read") as caught:
        evaluation_report.read_history(f"{tmp_path}/model.ckpt-3")
    assert str(path) in str(caught.value)


def test_a_broken_history_is_a_fault_of_the_result(run, tmp_path):
    (run / "metrics.jsonl").write_text("[]")
    [result] = evaluated(run, report=f"{tmp_path}/report.html")
    assert result.fault == (
        f"{run}/metrics.jsonl has a line without a step; move it elsewhere"
    )
    assert not (tmp_path / "report.html").exists()
    assert result.summary.num_examples == 7


def test_bad_input(run, tmp_path):
    path = f"{tmp_path}/report.pdf"
    assert refused(run, report=path) == f"--report={path} has to end in .html"
    assert "with --eval_interval_secs" in refused(
        run, report=f"{tmp_path}/report.html", eval_interval_secs=1
    )
