"""Fast ways on request in a v1 graph: the numbers and the names stay."""

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import slim

v1 = tf.compat.v1
IMAGES = np.random.default_rng(0).uniform(-1, 1, [2, 32, 32, 3]).astype(np.float32)


def build(images, is_training=False):
    """Adds a convolution that covers its input, behind one with batch norm."""
    with slim.arg_scope([slim.batch_norm], is_training=is_training, scale=True):
        net = slim.conv2d(
            images, 8, 3, stride=4, normalizer_fn=slim.batch_norm, scope="conv1"
        )
    net = slim.conv2d(net, 5, 8, padding="VALID", activation_fn=None, scope="fc")
    return tf.squeeze(net, [1, 2], name="logits")


def fill(session) -> None:
    """Gives every variable a value that follows from its name alone."""
    for variable in v1.global_variables():
        rng = np.random.default_rng(len(variable.op.name))
        variable.load(rng.uniform(0.5, 1.0, variable.shape.as_list()), session)


def run(precision=None, **options):
    """Returns logits, names of variables, and the graph; plain without a precision."""
    with tf.Graph().as_default() as graph, v1.Session() as session:
        images = tf.constant(IMAGES)
        if precision is None:
            logits = build(images)
        else:
            with slim.fast_layers(False, precision, **options) as folded:
                logits = tf.cast(build(tf.cast(images, precision)), tf.float32)
        fill(session)
        if options:
            folded.refresh(session)
            assert folded.count == 1
        names = [variable.op.name for variable in v1.global_variables()]
        assert all(v.dtype.base_dtype == tf.float32 for v in v1.global_variables())
        return session.run(logits), names, graph


@pytest.mark.parametrize(
    ("precision", "options", "tolerance"),
    [
        (tf.float32, {}, 1e-5),
        (tf.float32, {"fold_batch_norm": True}, 1e-4),
        (tf.bfloat16, {}, 0.02),
    ],
    ids=["float32", "folded", "bfloat16"],
)
def test_inference_gives_the_same(precision, options, tolerance):
    plain, names, _ = run()
    fast, fast_names, graph = run(precision, **options)
    np.testing.assert_allclose(fast, plain, rtol=tolerance)
    assert fast_names == names
    assert graph.get_operation_by_name("conv1/Conv2D").type == "Conv2D"
    assert graph.get_operation_by_name("fc/Conv2D").type == "Reshape"


def test_a_refresh_follows_the_variables():
    with tf.Graph().as_default(), v1.Session() as session:
        with slim.fast_layers(False, fold_batch_norm=True) as folded:
            logits = build(tf.constant(IMAGES))
        fill(session)
        folded.refresh(session)
        before = session.run(logits)
        [gamma] = [v for v in v1.global_variables() if v.op.name.endswith("gamma")]
        gamma.load(2 * session.run(gamma), session)
        np.testing.assert_array_equal(session.run(logits), before)
        folded.refresh(session)
        assert np.abs(session.run(logits) - before).max() > 0.1


def test_training_has_the_gradients_of_the_plain_graph():
    def gradients(is_fast: bool) -> list[np.ndarray]:
        with tf.Graph().as_default(), v1.Session() as session:
            if is_fast:
                with slim.fast_layers(is_training=True):
                    logits = build(tf.constant(IMAGES), is_training=True)
            else:
                logits = build(tf.constant(IMAGES), is_training=True)
            grads = tf.gradients(tf.square(logits), v1.trainable_variables())
            fill(session)
            return session.run(grads)

    for fast, plain in zip(gradients(True), gradients(False), strict=True):
        np.testing.assert_allclose(fast, plain, rtol=1e-3, atol=1e-3)


def test_batch_norm_that_trains_is_not_folded():
    with (
        pytest.raises(ValueError, match="cannot be folded where it is trained"),
        slim.fast_layers(is_training=True, fold_batch_norm=True),
    ):
        pass


def test_a_model_takes_them_by_itself():
    model = slimnets.Model("lenet", 3)
    way = model.choose_computation(is_training=True)
    assert way.whole_extents_as_products
