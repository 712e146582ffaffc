"""Gradient clipping, on one device and on two, with and without a loss scale."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.config.optimization import GradientConfig
from slimnets.training.gradients import clip
from tests.training.test_step import MIRRORED, NETWORK, Training

LONG = [tf.constant([3.0, 0.0]), None, tf.constant([[-4.0]])]


def test_a_norm_is_limited_and_reported():
    clipped, scalars = clip(GradientConfig(clip_gradient_norm=2.5), LONG)
    np.testing.assert_allclose(clipped[0], [1.5, 0])
    assert clipped[1] is None
    np.testing.assert_allclose(clipped[2], [[-2.0]])
    assert scalars == {"gradient_norm": 5}
    whole, _ = clip(GradientConfig(clip_gradient_norm=6.0), LONG)
    np.testing.assert_allclose(whole[2], LONG[2])


def test_values_are_limited():
    clipped, scalars = clip(GradientConfig(clip_gradient_value=3.5), LONG)
    np.testing.assert_allclose(clipped[0], [3, 0])
    assert clipped[1] is None
    np.testing.assert_allclose(clipped[2], [[-3.5]])
    assert not scalars


def test_without_limits_nothing_is_computed():
    clipped, scalars = clip(GradientConfig(), LONG)
    assert clipped is LONG and not scalars


@pytest.mark.parametrize(
    "flags",
    [{}, MIRRORED, {"precision": "float16"}],
    ids=["one", "mirrored", "float16"],
)
def test_an_update_is_as_long_as_the_limit(config, flags):
    """Under sgd the update is the gradient: so replicas and loss scales are right."""
    training = Training(config(**NETWORK, clip_gradient_norm=0.01, **flags))
    before = training.values()
    result = training.take()
    after = training.values()
    norm = float(result.scalars["gradient_norm"])
    names = training.state.trained
    length = np.sqrt(sum(np.sum((after[n] - before[n]) ** 2) for n in names))
    assert norm > 0.05
    np.testing.assert_allclose(length, 0.3 * 0.01, rtol=1e-2)
