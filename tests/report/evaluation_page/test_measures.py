"""The page's numbers, against those worked by hand and scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from slimnets.report.evaluation_page import measures


@pytest.mark.parametrize(
    ("share", "count", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81 / 263, 263, 0.2553, 0.3662),
        (15 / 148, 148, 0.0624, 0.1605),
        (0 / 20, 20, 0.0, 0.1611),
        (1 / 29, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_as_published(share, count, low, high):
    found = measures.compute_wilson_interval(share, count)
    np.testing.assert_allclose(found, (low, high), atol=5e-5)


def test_an_interval_of_all_right_ends_at_1():
    assert measures.compute_wilson_interval(1.0, 10)[1] == pytest.approx(1.0)


def test_calibration_worked_by_hand():
    # Bins of a width of 1/4: one of two, sure by 0.2 and 0.1, and one of three.
    probabilities = np.array([0.2, 0.1, 0.8, 0.9, 1.0])
    right = np.array([True, False, True, True, False])
    found = measures.calibrate(probabilities, right, bins=4)
    np.testing.assert_array_equal(found.counts, [2, 0, 0, 3])
    np.testing.assert_allclose(found.sureness, [0.15, np.nan, np.nan, 0.9])
    np.testing.assert_allclose(found.right, [0.5, np.nan, np.nan, 2 / 3])
    assert found.error == pytest.approx((2 * 0.35 + 3 * (0.9 - 2 / 3)) / 5)


def test_confusions_come_most_frequent_first():
    matrix = np.array([[5, 1, 0], [4, 6, 0], [0, 2, 0]])
    found = measures.list_confusions(matrix, 9)
    assert [one[:3] for one in found] == [(1, 0, 4), (2, 1, 2), (0, 1, 1)]
    assert [one.share for one in found] == pytest.approx([0.4, 1.0, 1 / 6])
    assert len(measures.list_confusions(matrix, 1)) == 1


def test_precision_over_recall_is_sklearns():
    noise = np.random.default_rng(0)
    scores, truth = noise.integers(0, 20, 100) / 20, noise.random(100) < 0.3
    precision, recall, average = measures.compute_precision_recall(scores, truth)
    expected = sklearn_metrics.precision_recall_curve(truth, scores)
    np.testing.assert_allclose(precision[::-1], expected[0][:-1])
    np.testing.assert_allclose(recall[::-1], expected[1][:-1])
    assert average == pytest.approx(
        sklearn_metrics.average_precision_score(truth, scores)
    )


def test_probabilities_come_back_to_their_classes():
    spread = measures.spread_out(
        np.array([[2, 0, 1]]), np.array([[0.5, 0.3, 0.2]]), num_classes=3
    )
    np.testing.assert_array_equal(spread, [[0.3, 0.2, 0.5]])
