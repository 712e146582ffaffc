"""Batch renormalization against its paper's equations in numpy."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.layers import recomputation
from tests.layers import graphs
from tests.layers.test_normalization import EPSILON, KEYS, Layer, channels_first
from tests.layers.test_recomputation import assert_close, differentiated

v1 = tf.compat.v1
IMAGES = 2 * graphs.images(4, 5, 2, 3) + 1
MEAN, DEVIATION = IMAGES.mean((0, 1, 2)), np.sqrt(IMAGES.var((0, 1, 2)) + EPSILON)
DECAY, RENORM_DECAY = 0.75, 0.6
CLIPPING = {"rmin": 0.5, "rmax": 1.2, "dmax": 0.3}


def renormalized(clipping=None, inputs=IMAGES, **options):
    return Layer(
        inputs,
        scale=True,
        renorm=True,
        decay=DECAY,
        renorm_decay=RENORM_DECAY,
        renorm_clipping=clipping,
        **options,
    )


def expect(values, clipping):
    """What training gives, by the layer's variables."""
    deviation = np.maximum(values["renorm_stddev"], np.sqrt(EPSILON))
    r, d = DEVIATION / deviation, (MEAN - values["renorm_mean"]) / deviation
    r = np.clip(r, clipping.get("rmin", 0), clipping.get("rmax", np.inf))
    most = clipping.get("dmax", np.inf)
    corrected = (IMAGES - MEAN) / DEVIATION * r + np.clip(d, -most, most)
    return corrected * values["gamma"] + values["beta"]


@pytest.mark.parametrize("clipping", [{}, {"rmax": 1.1}, CLIPPING])
def test_training_is_the_papers(clipping):
    layer = renormalized(clipping)
    values = layer.run(layer.variables)
    expected = expect(values, clipping)
    np.testing.assert_allclose(layer.run(layer.outputs), expected, rtol=1e-4, atol=1e-5)


def test_channels_first():
    layer = renormalized(CLIPPING, channels_first(IMAGES), data_format="NCHW")
    expected = channels_first(expect(layer.run(layer.variables), CLIPPING))
    np.testing.assert_allclose(layer.run(layer.outputs), expected, rtol=1e-4, atol=1e-5)


def test_bounds_may_be_tensors_and_a_mode_too():
    for mode in (True, False):
        clipping = {"rmax": lambda: tf.constant(1.1)}
        with tf.Graph().as_default(), v1.Session() as session:
            bound = clipping["rmax"]()
            outputs = slim.batch_norm(
                tf.constant(IMAGES),
                epsilon=EPSILON,
                is_training=v1.placeholder_with_default(mode, []),
                renorm=True,
                renorm_clipping={"rmax": bound},
            )
            updates = v1.get_collection(KEYS.UPDATE_OPS)
            session.run(v1.global_variables_initializer())
            expected = (IMAGES - MEAN) / DEVIATION * 1.1 + MEAN
            if not mode:
                expected = IMAGES / np.sqrt(1 + EPSILON)
            values, _ = session.run([outputs, updates])
            np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)
            (moved,) = session.run(slim.get_variables_by_suffix("renorm_mean"))
            np.testing.assert_allclose(moved, 0.01 * MEAN * mode, rtol=1e-4)


def test_every_average_moves_after_the_outputs():
    layer = renormalized()
    before = layer.run(layer.variables)
    expected = expect(before, {})
    updates = layer.collection(KEYS.UPDATE_OPS)
    assert len(updates) == 2
    outputs, _ = layer.run([layer.outputs, updates])
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
    after = layer.run(layer.variables)

    def moved(name, value, decay):
        return decay * before[name] + (1 - decay) * value

    deviation = moved("moving_stddev", DEVIATION, DECAY)
    for name, value in {
        "moving_mean": moved("moving_mean", MEAN, DECAY),
        "moving_stddev": deviation,
        "moving_variance": np.maximum(deviation**2 - EPSILON, 0),
        "renorm_mean": moved("renorm_mean", MEAN, RENORM_DECAY),
        "renorm_stddev": moved("renorm_stddev", DEVIATION, RENORM_DECAY),
    }.items():
        np.testing.assert_allclose(after[name], value, rtol=1e-4, err_msg=name)


def test_variables_are_made_in_kerass_order_and_begin_as_the_moments():
    with tf.Graph().as_default(), v1.Session() as session:
        slim.batch_norm(
            tf.constant(IMAGES),
            scale=True,
            renorm=True,
            param_initializers={
                "moving_mean": v1.constant_initializer(2.0),
                "moving_variance": v1.constant_initializer(9.0),
            },
            variables_collections={"renorm_mean": ["mine"]},
        )
        session.run(v1.global_variables_initializer())
        first = {v.op.name: session.run(v)[0] for v in v1.global_variables()}
        assert [v.op.name for v in v1.get_collection("mine")] == [
            "BatchNorm/renorm_mean"
        ]
        assert v1.global_variables() == slim.get_model_variables()
    assert {name.rpartition("/")[2]: value for name, value in first.items()} == {
        "gamma": 1.0,
        "beta": 0.0,
        "moving_mean": 2.0,
        "moving_variance": 9.0,
        "moving_stddev": 3.0,
        "renorm_mean": 2.0,
        "renorm_stddev": 3.0,
    }


def test_evaluation_is_plain_batch_norms():
    layer = renormalized(is_training=False)
    values = layer.run(layer.variables)
    expected = IMAGES - values["moving_mean"]
    expected /= np.sqrt(values["moving_variance"] + EPSILON)
    expected = expected * values["gamma"] + values["beta"]
    np.testing.assert_allclose(layer.run(layer.outputs), expected, rtol=1e-4, atol=1e-5)
    assert not layer.collection(KEYS.UPDATE_OPS)


def test_a_misspelt_bound_is_an_error():
    with pytest.raises(ValueError, match="rmin, rmax and dmax, not"):
        renormalized({"rmx": 1.0})


def test_the_second_run_of_a_block_uses_the_first_ones_corrections():
    def block(net):
        return slim.batch_norm(net, renorm=True, updates_collections=None)

    images = IMAGES.astype(np.float32)
    (net, expected, _), (again, gradients, _) = (
        differentiated(lambda net: recomputation.block(block, net), images, recompute)
        for recompute in (False, True)
    )
    assert_close(again, net)
    assert_close(gradients["images"], expected["images"])
