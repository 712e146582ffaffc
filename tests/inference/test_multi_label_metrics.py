"""Every number is scikit-learn's, or worked out by hand."""

import json

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from slimnets import errors
from slimnets.inference import multi_label_metrics as metrics


def add(counts, logits, labels, batch_size=7):
    """Counts in padded batches, as the evaluator does."""
    logits, labels = np.asarray(logits, np.float32), np.asarray(labels, np.float32)
    for start in range(0, len(labels), batch_size):
        batch = slice(start, start + batch_size)
        missing = batch_size - len(labels[batch])
        padded = [
            np.pad(array[batch], [(0, missing), (0, 0)]) for array in (logits, labels)
        ]
        mask = np.arange(batch_size) < batch_size - missing
        counts.add(padded[1], metrics.score(*padded), mask)


def counted(logits, labels, batch_size=7):
    """Returns the summary of some examples."""
    counts = metrics.Counts(np.shape(labels)[1])
    add(counts, logits, labels, batch_size)
    return counts.summarize(len(labels))


@pytest.fixture(scope="module")
def examples():
    """Returns logits, of which some are equal, and labels; class 5 is true of none."""
    noise = np.random.default_rng(0)
    labels = noise.random([53, 6]) < [0.5, 0.1, 0.9, 0.3, 0.5, 0]
    logits = np.round(noise.normal(size=[53, 6]) + labels, 1)
    logits[:, 4] = -9  # never predicted
    return logits.astype(np.float32), labels


@pytest.mark.parametrize("batch_size", [1, 7, 53, 64])
def test_every_number_is_scikit_learns(examples, batch_size):
    logits, labels = examples
    summary = counted(logits, labels, batch_size)
    probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
    precision = sklearn_metrics.average_precision_score(
        labels[:, :5], logits[:, :5], average=None
    )
    np.testing.assert_allclose(summary.average_precision[:5], precision, rtol=1e-12)
    assert np.isnan(summary.average_precision[5])
    assert summary.map == pytest.approx(precision.mean())
    predicted = probabilities > 0.5
    f1 = sklearn_metrics.f1_score(labels, predicted, average=None, zero_division=0)
    np.testing.assert_allclose(summary.f1, f1)
    assert summary.f1_macro == pytest.approx(f1[:5].mean())
    assert summary.f1_micro == pytest.approx(
        sklearn_metrics.f1_score(labels, predicted, average="micro")
    )
    for name in ("precision", "recall"):
        score = getattr(sklearn_metrics, f"{name}_score")
        expected = score(labels, predicted, average=None, zero_division=0)
        np.testing.assert_allclose(getattr(summary, name), expected)
    loss = -np.log(np.where(labels, probabilities, 1 - probabilities)).mean()
    assert summary.loss == pytest.approx(loss, rel=1e-6)
    np.testing.assert_array_equal(summary.count, labels.sum(axis=0))
    assert (summary.num_examples, summary.num_undefined) == (53, 0)


def test_average_precision_by_hand():
    # Ranks 1 and 3 are right: (1/1 + 2/3) / 2.
    scores, labels = np.array([0.9, 0.8, 0.7]), np.array([True, False, True])
    assert metrics.compute_average_precision(scores, labels) == pytest.approx(5 / 6)
    # All at one threshold: the share of the right ones.
    scores = np.zeros(3)
    assert metrics.compute_average_precision(scores, labels) == pytest.approx(2 / 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_undefined_example_is_wrong(bad):
    logits = [[1, 1], [bad, 9], [-1, -1]]
    summary = counted(logits, [[1, 1], [1, 1], [0, 0]])
    assert summary.num_undefined == 1
    np.testing.assert_allclose(summary.recall, 0.5)
    np.testing.assert_allclose(summary.average_precision, (1 + 2 / 3) / 2)
    assert "1 had logits that are NaN or infinite" in summary.format_totals()
    assert json.loads(json.dumps(summary.to_json(), allow_nan=False))


def test_counts_of_workers_are_merged(examples):
    logits, labels = examples
    shares = [metrics.Counts(6, (index, 2)) for index in range(2)]
    for index, counts in enumerate(shares):
        add(counts, logits[index::2], labels[index::2])
    sizes = np.array([27, 26])
    rows = []

    def note(*arrays):
        if len(arrays) == 1:
            return [sizes]
        rows.append(arrays)
        return [array.copy() for array in arrays]

    for counts in shares:
        counts.merge(note)
    total = [one + other for one, other in zip(*rows, strict=True)]
    merged = metrics.Counts(6, (0, 2))
    add(merged, logits[::2], labels[::2])
    merged.merge(lambda *arrays: [sizes] if len(arrays) == 1 else total)
    result, expected = merged.summarize(53), counted(logits, labels)
    np.testing.assert_allclose(result.average_precision, expected.average_precision)
    np.testing.assert_allclose(result.f1, expected.f1)
    assert result.loss == pytest.approx(expected.loss)


def test_what_is_printed_and_written(examples):
    summary = counted(*examples)
    names = dict(enumerate("abcdef"))
    first, header, *rows = summary.format_table(names).splitlines()
    assert first.startswith(f"53 examples: mAP {summary.map:.4f}, F1")
    assert header.split() == ["class", "examples", "AP", "F1", "precision", "recall"]
    assert [row[0] for row in rows] == list("abcdef")
    assert rows[5].split()[2:] == ["-"] * 4
    written = summary.to_json(names)
    assert written["map"] == summary.map
    assert written["classes"][5]["average_precision"] is None
    assert written["classes"][2]["f1"] == summary.f1[2]
    json.dumps(written, allow_nan=False)


def test_nothing_to_score():
    with pytest.raises(errors.InputError, match="no examples"):
        metrics.Counts(3).summarize(0)
    with pytest.raises(errors.InputError, match="no labels"):
        counted(np.zeros([2, 3]), np.zeros([2, 3]))
    with pytest.raises(RuntimeError, match="scored 0 of 5"):
        metrics.Counts(3).summarize(5)
