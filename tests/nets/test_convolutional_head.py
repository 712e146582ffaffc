"""Fully connected layers as convolutions: a map is what each of its windows gives."""

import numpy as np
import tensorflow as tf

from slimnets.nets import convolutional_head

v1 = tf.compat.v1


def head(net, **named):
    end_points = {}
    with v1.variable_scope("net"):
        net = convolutional_head.features(
            net,
            end_points,
            depths=(5, 6),
            kernel_size=3,
            padding="VALID",
            is_training=False,
            dropout_keep_prob=0.5,
            **named,
        )
        convolutional_head.logits(
            net,
            end_points,
            num_classes=2,
            is_training=False,
            dropout_keep_prob=0.5,
            spatial_squeeze=False,
        )
    return end_points


def test_each_place_of_a_map_has_the_logits_of_its_window():
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(0)
        net = tf.random.stateless_normal([2, 5, 4, 7], [0, 1])
        whole = head(net, global_pool=False)
        v1.get_variable_scope().reuse_variables()
        window = head(net[:, 2:, 1:], global_pool=False)
        session.run(v1.global_variables_initializer())
        whole, window = session.run([whole, window])
    assert list(whole) == ["net/fc6", "net/fc7", "net/fc8"]
    assert whole["net/fc8"].shape == (2, 3, 2, 2)
    np.testing.assert_allclose(
        whole["net/fc8"][:, 2:, 1:], window["net/fc8"], rtol=1e-4, atol=1e-5
    )
    assert whole["net/fc8"].min() < 0 <= whole["net/fc7"].min()


def test_the_global_pool_is_fc7s_mean():
    with tf.Graph().as_default(), v1.Session() as session:
        end_points = head(
            tf.random.stateless_normal([2, 5, 4, 7], [0, 1]), global_pool=True
        )
        session.run(v1.global_variables_initializer())
        end_points = session.run(end_points)
    assert list(end_points) == ["net/fc6", "net/fc7", "global_pool", "net/fc8"]
    np.testing.assert_allclose(
        end_points["global_pool"][:, 0, 0],
        end_points["net/fc7"].mean((1, 2)),
        rtol=1e-5,
    )
    assert end_points["net/fc8"].shape == (2, 1, 1, 2)
