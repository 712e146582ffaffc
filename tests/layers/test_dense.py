"""Fully connected layers, dropout and flatten are tf_slim's."""

import numpy as np
import pytest
import tensorflow as tf
import tf_slim

from slimnets import slim
from tests.layers import graphs

v1 = tf.compat.v1

pytestmark = graphs.peers


@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3), (2, 4, 5, 3)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"activation_fn": None, "scope": "here"},
        {"activation_fn": None, "biases_initializer": None},
        {"normalizer_fn": tf.nn.softmax, "normalizer_params": {"axis": 1}},
        {"trainable": False},
        {
            "weights_regularizer": slim.l2_regularizer(0.1),
            "biases_regularizer": slim.l1_regularizer(0.2),
            "variables_collections": {"weights": ["a"], "biases": ["b"]},
            "outputs_collections": "outputs",
        },
    ],
)
def test_fully_connected(shape, options):
    graphs.compare("fully_connected", graphs.images(*shape), 4, **options)


def test_fully_connected_of_an_unknown_batch():
    rows = graphs.images(5, 3)
    graphs.compare("fully_connected", rows, 4, static_shape=[None, 3])


@pytest.mark.parametrize(
    ("shape", "num_outputs", "message"),
    [
        ([3], 4, "rank >= 2"),
        ([2, None], 4, "undefined channels dimension"),
        ([2, 3], 4.5, "must be a whole number"),
        ([2, 3], None, "must be a whole number"),
    ],
)
def test_fully_connected_errors(shape, num_outputs, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        slim.fully_connected(v1.placeholder(tf.float32, shape), num_outputs)


def test_fully_connected_reuse():
    with tf.Graph().as_default(), v1.Session() as session:
        rows = tf.constant(graphs.images(5, 3))
        first = slim.fully_connected(rows, 4, scope="a")
        again = slim.fully_connected(rows, 4, scope="a", reuse=True)
        assert len(v1.global_variables()) == 2
        graphs.initialize(session)
        first, again = session.run([first, again])
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("opened", [slim, tf_slim])
@pytest.mark.parametrize("called", [slim, tf_slim])
def test_scopes_over_either_layer_reach_both(opened, called):
    with tf.Graph().as_default():
        over = [opened.fully_connected, opened.dropout, opened.flatten]
        with slim.arg_scope(over, outputs_collections="ends"):
            net = called.flatten(tf.zeros([2, 3, 4]))
            net = called.dropout(net)
            net = called.fully_connected(net, 5)
        assert len(v1.get_collection("ends")) == 3
    assert net.shape == [2, 5]


def test_dropout_keeps_the_mean():
    ones = tf.ones([100, 1000])
    dropped = slim.dropout(ones, keep_prob=0.8, seed=1).numpy()
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / 0.8)}
    np.testing.assert_allclose(dropped.mean(), 1, atol=0.01)


def test_dropout_shares_choices_along_axes_of_one():
    dropped = slim.dropout(tf.ones([8, 5, 6, 16]), noise_shape=[8, 1, 1, 16]).numpy()
    assert (dropped == dropped[:, :1, :1]).all()
    assert 0 < (dropped == 0).mean() < 1


@pytest.mark.parametrize(
    "options", [{"is_training": False}, {"seed": 3, "scope": "drop"}]
)
def test_dropout(options):
    graphs.compare("dropout", graphs.images(5, 30), outputs_collections="o", **options)


def test_dropout_of_a_mode_known_only_at_run_time():
    with tf.Graph().as_default(), v1.Session() as session:
        training = v1.placeholder_with_default(False, [])
        net = slim.dropout(tf.ones([4, 50]), is_training=training)
        assert net.shape == [4, 50]
        assert (session.run(net) == 1).all()
        assert (session.run(net, {training: True}) == 0).any()


@pytest.mark.parametrize(
    "static_shape",
    [None, [None, 3, 4, 5], [None, None, 4, 5], [2, 3, None, 5], [2, None, 4, 5]],
)
def test_flatten(static_shape):
    images = graphs.images(2, 3, 4, 5)
    with tf.Graph().as_default():
        known = tf_slim.flatten(
            v1.placeholder(tf.float32, static_shape or images.shape)
        )
    ours = graphs.outcome(slim.flatten, images, static_shape)
    np.testing.assert_array_equal(ours.outputs, images.reshape(2, -1))
    assert ours.shape == known.shape.as_list()
    assert ours.op == known.op.name


def test_flatten_of_a_vector():
    assert slim.flatten(tf.zeros([3])).shape == [3, 1]


@pytest.mark.parametrize("shape", [None, []])
def test_flatten_needs_a_batch(shape):
    with tf.Graph().as_default(), pytest.raises(ValueError, match="rank >= 1"):
        slim.flatten(v1.placeholder(tf.float32, shape))
