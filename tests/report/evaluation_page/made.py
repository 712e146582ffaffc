"""Findings made up for the tests of the page."""

import numpy as np

from slimnets.report.evaluation_page.findings import Findings, Photo

NASTY = "<script>alert('1')</script>\"&"
JPEG = b"\xff\xd8\xff\xe0 not decoded by tests that only read the page"


def make_findings(num_classes: int, per_class: int = 6, **changes) -> Findings:
    """Returns findings of random predictions, seven of ten right."""
    noise = np.random.default_rng(0)
    labels = np.repeat(np.arange(num_classes), per_class)
    kept = num_classes if num_classes <= 20 else 5
    shares = -np.sort(-noise.random([len(labels), kept]), axis=1)
    shares /= shares.sum(axis=1, keepdims=True)
    classes = np.stack([noise.permutation(num_classes)[:kept] for _ in labels])
    for row in np.flatnonzero(noise.random(len(labels)) < 0.7):
        place = np.flatnonzero(classes[row] == labels[row])
        classes[row, place] = classes[row, 0]
        classes[row, 0] = labels[row]
    matrix = np.zeros([num_classes, num_classes], np.int64)
    np.add.at(matrix, (labels, classes[:, 0]), 1)
    recall = np.diag(matrix) / per_class
    values = {
        "title": "network on data",
        "class_names": [f"class {k}" for k in range(num_classes)],
        "totals": {"top1": float(recall.mean()), "top5": 0.9, "loss": 1.25},
        "class_columns": {"recall": recall, "images": np.full(num_classes, per_class)},
        "confusion_matrix": matrix,
        "labels": labels,
        "classes": classes,
        "probabilities": shares,
        "mistakes": [Photo("a.jpg", "class 1", [("class 0", 0.75)], JPEG)],
        "least_sure": [Photo("b.jpg", "class 0", [("class 0", 0.5)], None)],
        "history": [
            {"step": 1, "loss": 2.0, "top1": 0.25, "train_loss": None},
            {"step": 2, "loss": 1.0, "top1": 0.5, "train_loss": 1.5},
        ],
        "tables": {"Data": {"images": str(len(labels))}},
    }
    return Findings(**(values | changes))
