"""A linear probe: logistic regression on features of the weights as they are."""

import time

from benchmarks.finetuning.task import Task, Training

_STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # inverse of regularization


def train(task: Task) -> Training:
    """Fits on all training photos; the strength is chosen by cross-validation there."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    began = time.perf_counter()
    features, labels = _read(task, "train")
    probe = make_pipeline(
        StandardScaler(),
        LogisticRegressionCV(Cs=_STRENGTHS, cv=5, max_iter=500, random_state=task.seed),
    )
    probe.fit(features, labels)
    seconds = time.perf_counter() - began
    held_out, expected = _read(task, "validation")
    return Training(len(labels) / seconds, {0: float(probe.score(held_out, expected))})


def _read(task: Task, split: str):
    """Returns the features before the head, [photos, depth], and the labels."""
    import numpy as np
    import tensorflow as tf

    import slimnets
    from slimnets.datasets import pipeline, registry
    from slimnets.preprocessing import inception

    model = slimnets.Model(
        task.network,
        num_classes=task.weight_classes,
        image_size=task.image_size,
    )
    model.restore(task.checkpoint)
    size = task.image_size
    run = tf.function(lambda images: model(images)[1]["AvgPool_1a"], autograph=False)
    features, labels = [], []
    for batch in pipeline.eval_batches(
        registry.get_dataset(task.records, split),
        lambda image: inception.preprocess_for_eval(image, size, size),
        task.batch_size,
    ):
        there = batch["mask"].numpy() > 0
        features.append(run(batch["image"]).numpy().reshape(len(there), -1)[there])
        labels.append(batch["label"].numpy()[there])
    return np.concatenate(features), np.concatenate(labels)
