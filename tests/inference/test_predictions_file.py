"""--predictions of an evaluation: every image, in order, whatever the batch."""

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints
from slimnets.datasets import registry
from slimnets.inference import outcomes, predictions_file
from slimnets.model import Model
from tests.inference.test_evaluator import (
    CLASSES,
    evaluated,
    images_and_labels,
    refused,
)


@pytest.fixture(scope="module")
def expected(trained, toy_data):
    """Returns labels and probabilities of the validation split."""
    images, labels = images_and_labels(toy_data, "validation")
    model = Model("tiny_bn", 3)
    checkpoints.restore(model.variables_by_name, checkpoints.require(trained))
    return labels, tf.nn.softmax(model(images)[0]).numpy()


@pytest.mark.parametrize(
    ("batch_size", "strategy"),
    [
        (2, "none"),
        (2, "mirrored"),
        (100, "none"),
        pytest.param(100, "mirrored", marks=pytest.mark.slow),
    ],
)
def test_json_lines(run, tmp_path, expected, batch_size, strategy):
    path = tmp_path / "new" / "predictions.jsonl"
    flags = {"strategy": strategy, "num_clones": 2 if strategy == "mirrored" else 0}
    evaluated(run, predictions=str(path), batch_size=batch_size, **flags)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    labels, probabilities = expected
    assert [row["number"] for row in rows] == [*range(7)]
    assert [row["label"] for row in rows] == [CLASSES[k] for k in labels]
    for row, label, shares in zip(rows, labels, probabilities, strict=True):
        order = np.argsort(-shares)
        assert [one["name"] for one in row["classes"]] == [CLASSES[k] for k in order]
        found = [one["probability"] for one in row["classes"]]
        np.testing.assert_allclose(found, shares[order], 1e-4)
        assert row["correct"] == (order[0] == label)
    assert [*path.parent.iterdir()] == [path]


def test_a_table(run, tmp_path, toy_data):
    path = tmp_path / "predictions.csv"
    [result] = evaluated(run, predictions=str(path), top=2)
    header, *rows = csv.reader(path.read_text().splitlines())
    assert header == [
        *("file", "number", "label", "correct", "class", "probability"),
        *("class_2", "probability_2", "error"),
    ]
    assert len(rows) == 7
    right = sum(row[3] == "true" for row in rows)
    assert right == round(result.summary.top1 * 7)
    assert all((row[2] == row[4]) == (row[3] == "true") for row in rows)


def test_a_record_that_is_left_out_has_a_line(run, toy_data, tmp_path):
    data = shutil.copytree(toy_data, tmp_path / "data")
    [file] = registry.get_dataset(str(data), "validation").files
    content = bytearray(Path(file).read_bytes())
    content[len(content) // 2] ^= 1
    Path(file).write_bytes(content)
    path = tmp_path / "predictions.jsonl"
    [result] = evaluated(
        run, dataset_dir=str(data), predictions=str(path), on_bad_record="skip"
    )
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["number"] for row in rows] == [*range(7)]
    [broken] = [row for row in rows if "error" in row]
    assert (broken["error"],) == result.left_out
    assert "label" not in broken


def make_outcomes(labels, classes, probabilities) -> outcomes.Outcomes:
    """Returns outcomes of images 0.jpg, 1.jpg..."""
    count = len(labels)
    return outcomes.Outcomes(
        np.arange(count),
        tuple(f"{k}.jpg" for k in range(count)),
        np.array(labels),
        np.array(classes),
        np.array(probabilities),
        np.zeros([count]),
        {},
    )


def test_several_labels_have_all_probabilities(tmp_path):
    found = make_outcomes(
        [[True, False, True], [False, False, False], [True, True, True]],
        [[2, 0, 1], [1, 0, 2], [0, 1, 2]],
        [[0.9, 0.75, 0.25], [0.625, 0.5, 0.25], [0.9, 0.8, 0.5]],
    )
    path = tmp_path / "predictions.csv"
    predictions_file.write(str(path), found, CLASSES, 1)
    _, *rows = path.read_text().splitlines()
    assert rows == [
        "0.jpg,0,red|blue,true,blue,0.9,red,0.75,green,0.25,",
        "1.jpg,1,,false,green,0.625,red,0.5,blue,0.25,",
        "2.jpg,2,red|green|blue,false,red,0.9,green,0.8,blue,0.5,",
    ]


def test_what_is_not_a_number_has_no_classes(tmp_path):
    found = make_outcomes([1], [[-1, -1]], [[np.nan, np.nan]])
    path = tmp_path / "predictions.jsonl"
    predictions_file.write(str(path), found, CLASSES, 2)
    assert json.loads(path.read_text()) == {
        "file": "0.jpg",
        "number": 0,
        "label": "green",
        "correct": False,
        "error": "a logit is NaN or infinite",
    }


def test_a_ranking():
    logits = np.array([[1.0, 3.0, 3.0], [0.0, np.inf, 0.0]], np.float32)
    one = outcomes.rank(
        tf.constant(logits), tf.constant([0, 1]), k=2, activation=tf.nn.softmax
    )
    shares = np.exp(logits[0]) / np.exp(logits[0]).sum()
    np.testing.assert_array_equal(one.classes, [[1, 2], [-1, -1]])
    np.testing.assert_allclose(one.probabilities[0], shares[1:], 1e-6)
    np.testing.assert_allclose(one.of_label, [shares[0], np.nan], 1e-6)
    several = outcomes.rank(
        tf.constant([[0.0, 2.0], [0.0, 0.0]]),
        tf.constant([[1.0, 1.0], [0.0, 0.0]]),
        k=2,
        activation=tf.nn.sigmoid,
    )
    np.testing.assert_allclose(several.of_label, [0.5, 1.0])


def test_bad_input(run, tmp_path):
    wrong = f"{tmp_path}/predictions.txt"
    assert refused(run, predictions=wrong) == (
        f"--predictions={wrong} has to end in .csv, .jsonl or .parquet"
    )
    (tmp_path / "folder.csv").mkdir()
    assert "is a folder" in refused(run, predictions=f"{tmp_path}/folder.csv")
    (tmp_path / "file").touch()
    within = f"{tmp_path}/file/predictions.csv"
    assert refused(run, predictions=within).startswith(
        f"--predictions={within} cannot be written: "
    )
    good = f"{tmp_path}/predictions.csv"
    assert "leave one of the two out" in refused(
        run, predictions=good, eval_interval_secs=1
    )


def test_parquet_needs_its_library(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert refused(run, predictions=f"{tmp_path}/predictions.parquet") == (
        "pyarrow is not installed: pip install 'slimnets[parquet]', or in a checkout"
        " pip install '.[parquet]'"
    )


def test_a_full_disk_is_a_fault_of_the_result(run, tmp_path, monkeypatch):
    def fail(path, *_):
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr(predictions_file, "write", fail)
    path = f"{tmp_path}/predictions.csv"
    [result] = evaluated(run, predictions=path)
    assert result.fault == f"cannot write {path}: No space left on device"
