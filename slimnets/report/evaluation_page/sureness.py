"""Whether probabilities are right: reliability, precision and recall."""

import numpy as np

from slimnets.report.evaluation_page import MOST_CURVES, charts, measures
from slimnets.report.evaluation_page.findings import Findings
from slimnets.report.evaluation_page.markup import Markup, join, section, table, tag

_MOST_POINTS = 150  # of a curve
_SHARE = (0.0, 1.0)


def show_calibration(findings: Findings) -> Markup:
    """Returns the part of the page that compares probabilities with what came true."""
    probabilities, right = list_predictions(findings)
    if not len(probabilities):
        return Markup()
    found = measures.calibrate(probabilities, right)
    what = "each class of each image" if findings.has_several_labels else "each image"
    said = (
        f"Expected calibration error {found.error:.2%}: by so much the probability"
        f" differs from the share of right ones, in the mean over {what}. Bars below"
        " the dashed line are too sure, above it not sure enough."
    )
    return section(
        "calibration",
        "Calibration",
        tag("p", {}, said),
        tag("div", {"class": "charts"}, _draw_bins(found), _draw_counts(found)),
        tag(
            "details", {}, tag("summary", {}, "The bars as numbers"), _list_bins(found)
        ),
    )


def list_predictions(findings: Findings) -> tuple[np.ndarray, np.ndarray]:
    """Returns the probability of each prediction, and whether it came true.

    They are those of the most probable class of each image; where an image may have
    several labels, those of all classes. Logits that are not finite have none.
    """
    finite = findings.classes[:, 0] >= 0
    classes = findings.classes[finite]
    probabilities = findings.probabilities[finite].astype(np.float64)
    labels = findings.labels[finite]
    if not findings.has_several_labels:
        return probabilities[:, 0], classes[:, 0] == labels
    right = np.take_along_axis(labels, classes.astype(np.int64), axis=1)
    return probabilities.ravel(), right.ravel()


def show_curves(findings: Findings) -> Markup:
    """Returns precision over recall of each class; nothing of many classes."""
    few = len(findings.class_names) <= MOST_CURVES
    if not few or not findings.has_all_probabilities:
        return Markup()
    finite = findings.classes[:, 0] >= 0
    scores = measures.spread_out(
        findings.classes[finite],
        findings.probabilities[finite],
        len(findings.class_names),
    )
    labels = findings.labels[finite]
    curves = []
    for k, name in enumerate(findings.class_names):
        truth = labels[:, k] if findings.has_several_labels else labels == k
        if truth.any():
            curves.append(_draw_curve(name, scores[:, k], truth))
    return section(
        "curves",
        "Precision and recall",
        tag(
            "p",
            {},
            "Of each class, at all thresholds of its probability: the share that is"
            " right of what is found (precision) over the share that is found of what"
            " there is (recall). The dashed line is what chance gives.",
        ),
        tag("div", {"class": "multiples"}, *curves),
    )


def _draw_curve(name: str, scores: np.ndarray, truth: np.ndarray) -> Markup:
    precision, recall, average = measures.compute_precision_recall(scores, truth)
    chosen = np.unique(np.linspace(0, len(recall) - 1, _MOST_POINTS).astype(int))
    points = [(float(recall[k]), float(precision[k])) for k in chosen]
    plot = charts.Plot(280, 210, _SHARE, _SHARE)
    chance = float(truth.mean())
    title = f"{name}: average precision {average:.1%}"
    return tag(
        "figure",
        {},
        tag("figcaption", {}, title),
        charts.draw(
            plot,
            f"Precision over recall of {title}",
            "recall",
            "precision",
            charts.draw_line(plot, [(0.0, chance), (1.0, chance)], "ideal"),
            charts.draw_line(plot, [(0.0, points[0][1]), *points], "series0"),
        ),
    )


def _draw_bins(found: measures.Calibration) -> Markup:
    plot = charts.Plot(400, 300, _SHARE, _SHARE)
    count = len(found.counts)
    bars = [
        charts.draw_bar(plot, k / count, (k + 1) / count, float(share), "bar")
        for k, share in enumerate(found.right)
        if np.isfinite(share)
    ]
    name = f"Reliability: expected calibration error {found.error:.2%}"
    ideal = charts.draw_line(plot, [(0.0, 0.0), (1.0, 1.0)], "ideal")
    drawn = charts.draw(plot, name, "probability", "share that is right", *bars, ideal)
    return tag("figure", {}, tag("figcaption", {}, "Reliability"), drawn)


def _draw_counts(found: measures.Calibration) -> Markup:
    plot = charts.Plot(400, 300, _SHARE, (0.0, float(found.counts.max())))
    count = len(found.counts)
    bars = [
        charts.draw_bar(plot, k / count, (k + 1) / count, float(size), "bar quiet")
        for k, size in enumerate(found.counts)
    ]
    name = "How many predictions have which probability"
    drawn = charts.draw(plot, name, "probability", "predictions", *bars)
    return tag("figure", {}, tag("figcaption", {}, name), drawn)


def _list_bins(found: measures.Calibration) -> Markup:
    count = len(found.counts)
    rows = [
        [
            f"{k / count:.0%} to {(k + 1) / count:.0%}",
            str(size),
            f"{found.sureness[k]:.1%}" if size else "–",
            f"{found.right[k]:.1%}" if size else "–",
        ]
        for k, size in enumerate(found.counts)
    ]
    header = ["probability", "predictions", "mean probability", "right"]
    return join(table("Predictions by probability", header, rows))
