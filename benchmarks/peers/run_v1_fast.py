"""TF-Slim's way of running with `slim.fast_layers`: a v1 graph and a session."""

from collections.abc import Callable

from benchmarks.work import INFER, INPUT, TRAIN, Work


def settings(work: Work) -> list[str]:
    """Returns the types to compute in."""
    return [] if work.mode == INPUT else ["float32", "bfloat16"]


def start(work: Work, setting: str) -> Callable[[], None]:
    """Returns a step of `session.run`."""
    import numpy as np
    import tensorflow as tf

    import slimnets
    from slimnets import slim

    v1 = tf.compat.v1
    v1.disable_eager_execution()
    training, precision = work.mode == TRAIN, tf.as_dtype(setting)
    shape = [work.batch_size, work.image_size, work.image_size, 3]
    values = np.random.default_rng(0).normal(size=shape).astype("float32")
    images = v1.get_variable("images", initializer=values, trainable=False)
    network_fn = slimnets.get_network_fn(work.network, 1000, is_training=training)
    folds = work.mode == INFER
    with slim.fast_layers(training, precision, fold_batch_norm=folds) as folded:
        logits, _ = network_fn(tf.cast(images, precision))
    fetched = tf.cast(logits, tf.float32)
    if training:
        labels = tf.constant(np.arange(work.batch_size))
        loss = v1.losses.sparse_softmax_cross_entropy(labels, fetched)
        optimizer = v1.train.MomentumOptimizer(0.01, 0.9)
        fetched = slim.learning.create_train_op(loss, optimizer)
    session = v1.Session()
    session.run(v1.global_variables_initializer())
    folded.refresh(session)
    run = session.make_callable(fetched)
    return lambda: run()
