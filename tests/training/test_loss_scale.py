"""The loss scale: when it halves, when it doubles, and what it does to gradients."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.config.devices import DevicesConfig
from slimnets.distribution import strategies
from slimnets.training import loss_scale
from slimnets.training.loss_scale import LossScale


def followed(scale: LossScale, *goods: bool) -> list[float]:
    """Returns the factor after each of some steps."""
    factors = []
    for good in goods:
        scale.adjust(tf.constant(good))
        factors.append(float(scale.value))
    return factors


def test_it_starts_at_two_to_the_15():
    assert float(LossScale().value) == 2**15


def test_it_halves_at_each_bad_step():
    assert followed(LossScale(8.0), False, False, True) == [4, 2, 2]


def test_it_doubles_after_good_steps_in_a_row():
    scale = LossScale(8.0, steps_to_grow=3)
    assert followed(scale, *[True] * 7) == [8, 8, 16, 16, 16, 32, 32]


def test_a_bad_step_begins_the_row_anew():
    scale = LossScale(8.0, steps_to_grow=2)
    assert followed(scale, True, False, True, True) == [8, 4, 4, 8]


def test_it_has_a_largest_value():
    scale = LossScale(loss_scale.MOST / 2, steps_to_grow=1)
    assert followed(scale, True, True) == [loss_scale.MOST] * 2


def test_gradients_come_back_as_they_were():
    scale = LossScale(2.0**10)
    gradients = [tf.constant([3e-7, -1.1]), None]
    scaled = [scale.scale(gradients[0]), None]
    unscaled = scale.unscale(scaled)
    assert unscaled[1] is None
    np.testing.assert_array_equal(unscaled[0], gradients[0])


@pytest.mark.parametrize(
    ("number", "finite"), [(1.0, True), (np.inf, False), (np.nan, False)]
)
def test_one_number_decides(number, finite):
    gradients = [tf.zeros([3]), None, tf.constant([[0.0, number]])]
    assert bool(loss_scale.are_all_finite(gradients)) is finite


def test_no_gradients_are_finite():
    assert bool(loss_scale.are_all_finite([None]))


def test_replicas_keep_the_same():
    strategy = strategies.get_strategy(DevicesConfig("mirrored", 2, clone_on_cpu=True))
    with strategy.scope():
        scale = LossScale(8.0)

    @tf.function(autograph=False)
    def step(good):
        factors = strategy.run(lambda: (scale.adjust(good), scale.value)[1])
        return strategy.experimental_local_results(factors), scale.value

    assert [float(each) for each in step(tf.constant(False))[0]] == [4, 4]
    assert float(step(tf.constant(False))[1]) == 2
