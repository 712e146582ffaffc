"""Counting against scikit-learn, padding, odd logits, and what is printed."""

import json

import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics as sklearn_metrics

from slimnets import errors
from slimnets.inference import metrics


def counted(logits, labels, batch_size=7) -> metrics.Summary:
    """Scores in padded batches, as the evaluator does."""
    logits, labels = np.asarray(logits, np.float32), np.asarray(labels)
    counts = metrics.Counts(logits.shape[1])
    for start in range(0, len(labels), batch_size):
        batch = slice(start, start + batch_size)
        missing = batch_size - len(labels[batch])
        padded_logits = np.pad(logits[batch], [(0, missing), (0, 0)])
        padded_labels = np.pad(labels[batch], (0, missing))
        counts.add(
            padded_labels,
            metrics.score(padded_logits, padded_labels),
            np.arange(batch_size) < batch_size - missing,
        )
    return counts.summarize(len(labels))


@pytest.mark.parametrize("batch_size", [1, 7, 50, 64])
def test_every_number_is_scikit_learns(batch_size):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=[50, 8]).astype(np.float32)
    logits[:, 6] = -9  # never predicted
    labels = rng.integers(0, 7, size=50)  # class 7 has no examples
    summary = counted(logits, labels, batch_size)
    predictions, classes = logits.argmax(axis=1), np.arange(8)
    precision, recall, _, count = sklearn_metrics.precision_recall_fscore_support(
        labels, predictions, labels=classes, zero_division=0
    )
    np.testing.assert_array_equal(
        summary.confusion_matrix,
        sklearn_metrics.confusion_matrix(labels, predictions, labels=classes),
    )
    assert summary.num_examples == 50 and summary.num_undefined == 0
    assert summary.top1 == sklearn_metrics.accuracy_score(labels, predictions)
    assert summary.top5 == sklearn_metrics.top_k_accuracy_score(
        labels, logits, k=5, labels=classes
    )
    np.testing.assert_allclose(summary.precision, precision)
    np.testing.assert_allclose(summary.recall, recall)
    np.testing.assert_array_equal(summary.count, count)
    probabilities = tf.nn.softmax(logits).numpy()
    expected = -np.log(probabilities[np.arange(50), labels]).mean()
    np.testing.assert_allclose(summary.loss, expected, rtol=1e-6)


def test_top_5_of_fewer_classes_is_all_of_them():
    summary = counted([[3, 2, 1], [3, 2, 1]], [0, 2])
    assert (summary.top1, summary.top5) == (0.5, 1.0)


def test_ties():
    # Six logits are equal: argmax takes the first, in_top_k takes all of them.
    summary = counted([[0] * 6, [0] * 6, [1, 1, 1, 1, 1, 0]], [0, 5, 5])
    assert (summary.top1, summary.top5) == (1 / 3, 2 / 3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1])
def test_logits_that_are_not_finite_are_never_right(value, place):
    logits = [[5.0, 0, 0], [0, 5.0, 0]]
    logits[0][place] = value
    summary = counted(logits, [0, 1])
    assert (summary.top1, summary.top5, summary.num_undefined) == (0.5, 0.5, 1)
    assert summary.recall.tolist() == [0, 1, 0]
    assert summary.count.tolist() == [1, 1, 0]
    assert summary.confusion_matrix.sum() == 1
    assert "; 1 had logits that are NaN or infinite" in summary.format_table()
    json.dumps(summary.to_json(), allow_nan=False)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_scores_are_the_same_inside_a_function(jit_compile):
    # XLA's in_top_k looks at the label's logit alone, so the other NaNs matter too.
    logits = np.random.default_rng(0).normal(size=[9, 6]).astype(np.float32)
    logits[1, 1] = logits[2, 5] = logits[3, 0] = np.nan
    labels = tf.constant([0, 1, 2, 3, 4, 5, 0, 1, 2], tf.int64)
    function = tf.function(metrics.score, autograph=False, jit_compile=jit_compile)
    traced = function(logits, labels)
    for inside, outside in zip(traced, metrics.score(logits, labels), strict=True):
        np.testing.assert_allclose(inside, outside, rtol=1e-6)


def test_a_wrong_count_is_an_error():
    counts = metrics.Counts(2)
    labels = np.array([0, 1])
    counts.add(labels, metrics.score(np.eye(2, dtype=np.float32), labels), [True, True])
    with pytest.raises(RuntimeError, match="scored 2 of 3 examples"):
        counts.summarize(3)
    with pytest.raises(RuntimeError, match="scored 2 of 1 examples"):
        counts.summarize(1)


def test_no_examples():
    with pytest.raises(errors.InputError, match="no examples"):
        metrics.Counts(2).summarize(0)


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_out_of_range_is_an_error_unless_it_is_padding(label):
    scores = metrics.score(np.eye(2, dtype=np.float32), np.array([0, 1]))
    labels = np.array([0, label])
    metrics.Counts(2).add(labels, scores, np.array([True, False]))
    with pytest.raises(errors.InputError, match=rf"label {label} .* not in \[0, 2\)"):
        metrics.Counts(2).add(labels, scores, np.array([True, True]))


def test_the_table_is_aligned_and_marks_what_is_undefined():
    logits = np.eye(3)[[0, 0, 1, 1]]
    table = counted(logits, [0, 0, 0, 1]).format_table({0: "rose", 1: "sunflower"})
    assert table.splitlines() == [
        "4 examples: top-1 3 (75.00%), top-5 4 (100.00%), loss 0.8014",
        "class      examples  precision  recall",
        "rose              3     1.0000  0.6667",
        "sunflower         1     0.5000  1.0000",
        "2                 0          -       -",
    ]


def listed(summary: metrics.Summary) -> list[str]:
    return [line.split()[0] for line in summary.format_table().splitlines()[2:]]


def test_of_many_classes_the_table_lists_those_with_examples():
    assert listed(counted(np.eye(1001)[[7, 900]], [7, 900])) == ["7", "900"]


def test_of_many_classes_with_examples_the_table_lists_the_best_and_the_worst():
    labels = np.arange(60)
    predictions = np.where(labels < 12, labels, 0)
    expected = [*map(str, range(10)), *map(str, range(50, 60))]
    assert listed(counted(np.eye(60)[predictions], labels)) == expected


def test_json_rounds_nothing_and_reads_back():
    summary = counted(np.eye(3)[[0, 0, 1]], [0, 0, 0])
    read = json.loads(json.dumps(summary.to_json({0: "rose"}), allow_nan=False))
    assert read["top1"] == 2 / 3 and read["loss"] == summary.loss
    assert read["num_examples"] == 3 and read["num_undefined"] == 0
    rose, first, _ = read["classes"]
    assert rose == {"name": "rose", "count": 3, "precision": 1.0, "recall": 2 / 3}
    assert first == {"name": "1", "count": 0, "precision": 0.0, "recall": 0.0}
    assert read["confusions"] == [[0, 0, 2], [0, 1, 1]]
