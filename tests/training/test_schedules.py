"""Learning rates against TensorFlow 1's own, in a v1 graph."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.config.optimization import LearningRateConfig
from slimnets.training import schedules
from slimnets.training.schedules import Schedule

STEPS = [0, 1, 9, 10, 11, 20, 25, 99, 100, 1000]


def rates(schedule: Schedule) -> list[float]:
    return [float(schedules.compute_learning_rate(schedule, step)) for step in STEPS]


def tensorflow_1(decay, *args, **kwargs) -> list[float]:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        step = tf.compat.v1.placeholder(tf.int64, [])
        rate = decay(0.5, step, *args, **kwargs)
        return [session.run(rate, {step: value}) for value in STEPS]


def tensorflow_1_piecewise(boundaries, values) -> list[float]:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        step = tf.compat.v1.placeholder(tf.int64, [])
        rate = tf.compat.v1.train.piecewise_constant(step, boundaries, values)
        return [session.run(rate, {step: value}) for value in STEPS]


@pytest.mark.parametrize("staircase", [True, False])
def test_exponential(staircase):
    schedule = Schedule(
        "exponential", 0.5, decay_steps=10, decay_factor=0.9, staircase=staircase
    )
    expected = tensorflow_1(
        tf.compat.v1.train.exponential_decay, 10, 0.9, staircase=staircase
    )
    np.testing.assert_allclose(rates(schedule), expected, rtol=1e-6)


def test_polynomial():
    schedule = Schedule("polynomial", 0.5, decay_steps=20, end_learning_rate=0.1)
    expected = tensorflow_1(tf.compat.v1.train.polynomial_decay, 20, 0.1)
    np.testing.assert_allclose(rates(schedule), expected, rtol=1e-6)


def test_cosine():
    schedule = Schedule("cosine", 0.5, total_steps=100, end_learning_rate=0.05)
    expected = tensorflow_1(tf.compat.v1.train.cosine_decay, 100, alpha=0.1)
    np.testing.assert_allclose(rates(schedule), expected, rtol=1e-6)


def test_step_is_exponential():
    settings = {"decay_steps": 10, "decay_factor": 0.9}
    assert rates(Schedule("step", 0.5, **settings)) == rates(
        Schedule("exponential", 0.5, **settings)
    )


def test_multistep():
    schedule = Schedule("multistep", 0.5, decay_factor=0.1, milestones=(10, 25))
    expected = tensorflow_1_piecewise([9, 24], [0.5, 0.05, 0.005])
    np.testing.assert_allclose(rates(schedule), expected, rtol=1e-6)
    assert rates(Schedule("multistep", 0.5)) == [0.5] * len(STEPS)


def test_milestones_are_given_in_epochs():
    config = LearningRateConfig("multistep", decay_epochs=("1.5", "3"))
    schedule = schedules.from_config(config, 100, 10, None)
    assert schedule.milestones == (15, 30)


@pytest.mark.parametrize(("batch_size", "scale"), [(256, 1), (32, 1 / 8), (1024, 4)])
def test_rates_are_scaled_by_the_batch(batch_size, scale):
    given = {"learning_rate": 0.1, "end_learning_rate": 0.01}
    plain, scaled = (
        schedules.from_config(
            LearningRateConfig("cosine", scale_learning_rate=on, **given),
            1000,
            batch_size,
            100,
        )
        for on in (False, True)
    )
    np.testing.assert_allclose(rates(scaled), scale * np.array(rates(plain)), rtol=1e-6)


def test_fixed():
    assert rates(Schedule("fixed", 0.5)) == [0.5] * len(STEPS)


def test_warmup_rises_linearly_to_the_decayed_rate():
    decay = {"decay_steps": 20, "end_learning_rate": 0.1}
    with_warmup = Schedule("polynomial", 0.5, warmup_steps=10, **decay)
    factors = [min((step + 1) / 10, 1) for step in STEPS]
    expected = np.array(rates(Schedule("polynomial", 0.5, **decay))) * factors
    np.testing.assert_allclose(rates(with_warmup), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", schedules.SCHEDULES)
def test_warmup_goes_with_each(kind):
    settings = {"decay_steps": 8, "total_steps": 30, "milestones": (8,)}
    plain, warm = (
        rates(Schedule(kind, 0.5, warmup_steps=steps, **settings)) for steps in (0, 20)
    )
    factors = [min((step + 1) / 20, 1) for step in STEPS]
    np.testing.assert_allclose(warm, np.array(plain) * factors, rtol=1e-6)


@pytest.mark.parametrize("kind", schedules.SCHEDULES)
def test_one_trace_serves_every_step(kind):
    schedule = Schedule(kind, 0.5, decay_steps=10, total_steps=100, warmup_steps=3)
    step = tf.Variable(0, dtype=tf.int64)

    @tf.function(autograph=False)
    def rate():
        return schedules.compute_learning_rate(schedule, step)

    for value, expected in zip(STEPS, rates(schedule), strict=True):
        step.assign(value)
        assert rate().dtype == tf.float32
        np.testing.assert_allclose(rate(), expected, rtol=1e-6)
    assert rate.experimental_get_tracing_count() == 1


def test_decay_steps():
    assert schedules.count_decay_steps(1_281_167, 2.0, 32) == 80_072
    assert schedules.count_decay_steps(10, 2.0, 32) == 1  # TF-Slim's 0 gave NaN


def test_unknown_kind():
    with pytest.raises(errors.InputError, match=r"learning rate decay type .*cosine"):
        Schedule("cosin")


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("exponential", "decay_steps"),
        ("step", "decay_steps"),
        ("polynomial", "decay_steps"),
        ("cosine", "total_steps"),
    ],
)
def test_a_decay_without_its_length_is_refused(kind, missing):
    with pytest.raises(errors.InputError, match=f"{missing} >= 1"):
        Schedule(kind)
