"""LeNet: sizes, dropout, features and what is regularized."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import lenet
from tests import v1_graph

v1 = tf.compat.v1


@pytest.mark.parametrize(
    ("height", "width", "units"), [(28, 28, 3136), (29, 31, 3136), (4, 9, 128)]
)
def test_pools_halve_any_size(height, width, units):
    with tf.Graph().as_default():
        images = v1.placeholder(tf.float32, [None, height, width, 1])
        logits, end_points = lenet.lenet(images)
    assert logits.shape.as_list() == [None, 10]
    assert end_points["Flatten"].shape.as_list() == [None, units]


@pytest.mark.parametrize("size", [(3, 28), (None, 28)])
def test_sizes_it_cannot_take_are_errors(size):
    message = "^lenet needs images"
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match=message):
        lenet.lenet(v1.placeholder(tf.float32, [1, *size, 1]))


@pytest.mark.parametrize("num_classes", [None, 0])
def test_features_are_those_of_fc3(num_classes):
    with tf.Graph().as_default():
        net, end_points = lenet.lenet(tf.zeros([2, 28, 28, 1]), num_classes)
    assert net is end_points["fc3"]
    assert list(end_points)[-1] == "fc3"


def test_dropout_drops_half_of_fc3_in_training_alone():
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(0)
        is_training = v1.placeholder(tf.bool, [])
        _, end_points = lenet.lenet(tf.ones([2, 8, 8, 1]), is_training=is_training)
        session.run(v1.global_variables_initializer())
        pair = [end_points["fc3"], end_points["dropout3"]]
        units, kept = session.run(pair, {is_training: False})
        np.testing.assert_array_equal(units, kept)
        units, kept = session.run(pair, {is_training: True})
    survivors = kept[units > 0] > 0
    assert 0.4 < survivors.mean() < 0.6
    np.testing.assert_allclose(kept[kept > 0], 2 * units[kept > 0])


def test_the_scope_regularizes_all_weights_and_initializes_them_alike():
    with tf.Graph().as_default(), v1.Session() as session:
        with slim.arg_scope(lenet.lenet_arg_scope(weight_decay=0.5)):
            lenet.lenet(tf.zeros([1, 8, 8, 1]))
        losses = v1.losses.get_regularization_losses()
        weights = v1_graph.all_variables()["LeNet/fc3/weights"]
        session.run(weights.initializer)
        assert np.abs(session.run(weights)).max() == pytest.approx(0.2, rel=0.01)
    assert len(losses) == 4


def test_predictions_can_be_left_out_or_replaced():
    with tf.Graph().as_default():
        _, end_points = lenet.lenet(tf.zeros([1, 8, 8, 1]), prediction_fn=None)
        assert "Predictions" not in end_points
    with tf.Graph().as_default():
        _, end_points = lenet.lenet(
            tf.zeros([1, 8, 8, 1]), prediction_fn=lambda logits, scope: (logits, scope)
        )
        assert end_points["Predictions"] == (end_points["Logits"], "Predictions")
