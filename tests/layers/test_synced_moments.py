"""Batch norm over replicas is that of one device with all examples."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.config.devices import DevicesConfig
from slimnets.distribution import strategies
from slimnets.layers.computation import Computation, computing
from tests.layers import graphs

EXAMPLES, CHANNELS = 6, 3
IMAGES = 3 * graphs.images(EXAMPLES, 4, 5, CHANNELS) + 1
WEIGHTS = np.linspace(0.5, 2, EXAMPLES, dtype=np.float32)


def make_variables():
    """Returns batch norm's variables by name, made in the strategy that is open."""
    kept_by_replica = {
        "trainable": False,
        "synchronization": tf.VariableSynchronization.ON_READ,
        "aggregation": tf.VariableAggregation.MEAN,
    }
    return {
        "bn/beta": tf.Variable(tf.zeros([CHANNELS])),
        "bn/moving_mean": tf.Variable(tf.zeros([CHANNELS]), **kept_by_replica),
        "bn/moving_variance": tf.Variable(tf.ones([CHANNELS]), **kept_by_replica),
    }


def normalize(replicas, weights, is_synced=True):
    """Returns outputs, gradients of the images, and the moving averages."""
    strategy = strategies.get_strategy(
        DevicesConfig("mirrored", replicas, clone_on_cpu=True)
    )
    share = EXAMPLES // replicas
    with strategy.scope():
        variables = make_variables()

    def find(getter, name, *args, **kwargs):
        return variables[name]

    def take_step():
        place = tf.distribute.get_replica_context().replica_id_in_sync_group
        images = tf.constant(IMAGES)[place * share :][:share]
        own_weights = None
        if weights is not None:
            own_weights = tf.constant(weights)[place * share :][:share]
        with (
            tf.GradientTape() as tape,
            tf.compat.v1.variable_scope("", custom_getter=find),
            computing(Computation(sync_batch_norm=is_synced)),
        ):
            tape.watch(images)
            outputs = slim.batch_norm(
                images,
                decay=0.9,
                batch_weights=own_weights,
                updates_collections=None,
                scope="bn",
            )
            waves = tf.sin(outputs)
        return outputs, tape.gradient(waves, images)

    run = tf.function(lambda: strategy.run(take_step), autograph=False)
    by_replica = [
        tf.concat(strategy.experimental_local_results(parts), 0) for parts in run()
    ]
    return by_replica + [variables[n] for n in ("bn/moving_mean", "bn/moving_variance")]


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
def test_two_replicas_are_one_where_asked_to(weights):
    one = normalize(1, weights)
    together = normalize(2, weights)
    apart = normalize(2, weights, is_synced=False)
    assert len(one) == len(together) == 4
    for wanted, synced in zip(one, together, strict=True):
        np.testing.assert_allclose(synced, wanted, rtol=1e-5, atol=1e-5)
    assert not np.allclose(apart[0], one[0], rtol=1e-3)
