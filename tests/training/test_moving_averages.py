"""Moving averages are TensorFlow 1's ExponentialMovingAverage."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.config.devices import DevicesConfig
from slimnets.distribution import strategies
from slimnets.training.moving_averages import MovingAverages, compute_early_decay

v1 = tf.compat.v1
CHANGES = np.random.default_rng(0).normal(size=[30, 3]).astype(np.float32)


def tensorflow_1(decay: float) -> np.ndarray:
    """Returns what TensorFlow 1 averages over the changes."""
    with tf.Graph().as_default(), v1.Session() as session:
        step = v1.train.create_global_step()
        variable = v1.get_variable("v", initializer=np.zeros(3, np.float32))
        change = v1.placeholder(tf.float32, [3])
        averages = tf.train.ExponentialMovingAverage(decay, step)
        with tf.control_dependencies([variable.assign(change)]):
            update = averages.apply([variable])
        session.run(v1.global_variables_initializer())
        for value in CHANGES:
            session.run(update, {change: value})
            session.run(step.assign_add(1))
        return session.run(averages.average(variable))


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9999])
def test_the_averages_are_tensorflow_1s(decay):
    variable = tf.Variable(np.zeros(3, np.float32))
    averages = MovingAverages({"v": variable}, decay)
    assert list(averages.variables) == ["v/ExponentialMovingAverage"]
    for step, value in enumerate(CHANGES):
        variable.assign(value)
        averages.update(tf.constant(step, tf.int64))
    (average,) = averages.variables.values()
    assert not average.trainable
    np.testing.assert_allclose(average, tensorflow_1(decay), rtol=1e-5, atol=1e-6)


def test_until_their_start_they_are_the_variables():
    variable, late = tf.Variable(np.zeros(3, np.float32)), 4
    averages = MovingAverages({"v": variable}, 0.9)
    fresh = MovingAverages({"v": variable}, 0.9)
    for step, value in enumerate(CHANGES):
        variable.assign(value)
        averages.update(tf.constant(step, tf.int64), late)
        (average,) = averages.variables.values()
        if step < late:
            np.testing.assert_array_equal(average, value)
        if step == late - 1:
            fresh.reset()
        if step >= late:
            fresh.update(tf.constant(step - late, tf.int64))
            np.testing.assert_allclose(average, *fresh.variables.values(), rtol=1e-6)


def test_early_decay():
    steps = [0, 8, 10**6]
    assert [round(float(compute_early_decay(tf.constant(s))), 4) for s in steps] == [
        0.1,
        0.5,
        1.0,
    ]


def test_reset_begins_at_the_present_values():
    variable = tf.Variable([1.0, 2.0])
    averages = MovingAverages({"v": variable}, 0.9)
    variable.assign([5.0, 6.0])
    (average,) = averages.variables.values()
    np.testing.assert_array_equal(average, [1, 2])
    averages.reset()
    np.testing.assert_array_equal(average, [5, 6])


def test_each_replica_keeps_its_own_and_reading_takes_the_mean():
    strategy = strategies.get_strategy(DevicesConfig("mirrored", num_clones=2))
    with strategy.scope():
        shared = tf.Variable([1.0])
        own = tf.Variable(
            [0.0],
            trainable=False,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.MEAN,
        )
        averages = MovingAverages({"shared": shared, "own": own}, 0.0)

    @tf.function(autograph=False)
    def step() -> None:
        def replica() -> None:
            context = tf.distribute.get_replica_context()
            own.assign([tf.cast(context.replica_id_in_sync_group, tf.float32) * 4])
            averages.update(tf.constant(0, tf.int64))

        strategy.run(replica)

    step()
    of_shared, of_own = averages.variables.values()
    parts = strategy.experimental_local_results(of_own)
    assert [part.numpy()[0] for part in parts] == [0, 4]
    assert of_own.numpy()[0] == 2 and of_shared.numpy()[0] == 1
    averages.reset()
    assert [p.numpy()[0] for p in strategy.experimental_local_results(of_own)] == [2, 2]
