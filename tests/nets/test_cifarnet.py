"""CifarNet: response normalization, features, initial values and regularization."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import cifarnet
from tests import v1_graph

v1 = tf.compat.v1


def built(images, *arguments, **named):
    with slim.arg_scope(cifarnet.cifarnet_arg_scope()):
        return cifarnet.cifarnet(images, *arguments, **named)


def normalized(values):
    """Section 3.3 of the paper, over the 4 channels on each side."""
    squares = np.pad(values**2, [(0, 0)] * 3 + [(4, 4)])
    sums = sum(squares[..., k : k + values.shape[-1]] for k in range(9))
    return values * (1 + 0.001 / 9 * sums) ** -0.75


def test_responses_are_normalized_over_nine_channels():
    with tf.Graph().as_default() as graph, v1.Session() as session:
        images = 30 * tf.random.stateless_normal([1, 8, 8, 3], [0, 1])
        _, end_points = built(images)
        norms = [graph.get_tensor_by_name(f"CifarNet/norm{k}:0") for k in (1, 2)]
        inputs = [end_points["pool1"], end_points["conv2"]]
        session.run(v1.global_variables_initializer())
        inputs, norms = session.run([inputs, norms])
    for before, after in zip(inputs, norms, strict=True):
        np.testing.assert_allclose(after, normalized(before), rtol=1e-5)


def test_only_the_hidden_layers_are_regularized():
    with tf.Graph().as_default():
        built(tf.zeros([1, 8, 8, 3]))
        losses = v1.losses.get_regularization_losses()
    assert [loss.op.name.split("/")[1] for loss in losses] == ["fc3", "fc4"]


def test_initial_values():
    with tf.Graph().as_default(), v1.Session() as session:
        built(tf.zeros([1, 32, 32, 3]))
        session.run(v1.global_variables_initializer())
        values = session.run(v1_graph.all_variables())
    largest = {name.split("/", 1)[1]: np.abs(v).max() for name, v in values.items()}
    assert largest == pytest.approx(
        {
            "conv1/weights": 0.1,  # truncated at two standard deviations
            "conv1/biases": 0,
            "conv2/weights": 0.1,
            "conv2/biases": 0,
            "fc3/weights": 0.08,
            "fc3/biases": 0.1,
            "fc4/weights": 0.08,
            "fc4/biases": 0.1,
            "logits/weights": 2 / 192,
            "logits/biases": 0,
        },
        rel=0.03,
    )


@pytest.mark.parametrize("num_classes", [None, 0])
def test_features_are_those_of_fc4(num_classes):
    with tf.Graph().as_default():
        net, end_points = built(tf.zeros([2, 33, 35, 3]), num_classes)
    assert net is end_points["fc4"]
    assert list(end_points)[-1] == "fc4"


@pytest.mark.parametrize("size", [(32, 3), (32, None)])
def test_sizes_it_cannot_take_are_errors(size):
    message = "^cifarnet needs images"
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match=message):
        built(v1.placeholder(tf.float32, [1, *size, 3]))


def test_training_drops_features_of_fc3():
    with tf.Graph().as_default(), v1.Session() as session:
        images = tf.ones([1, 8, 8, 3])
        training, _ = built(images, is_training=True)
        v1.get_variable_scope().reuse_variables()
        inference, _ = built(images)
        session.run(v1.global_variables_initializer())
        first, second = session.run(training), session.run(training)
        assert np.abs(first - second).max() > 0
        first, second = session.run(inference), session.run(inference)
    np.testing.assert_array_equal(first, second)
