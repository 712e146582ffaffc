"""ResNet v2: pre-activation, atrous law, end points, sizes, modes and both orders."""

import inspect

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.nets import resnet_utils, resnet_v2
from tests import filled, v1_graph

v1 = tf.compat.v1


def thin_blocks():
    return [
        resnet_v2.resnet_v2_block("block1", base_depth=1, num_units=2, stride=2),
        resnet_v2.resnet_v2_block("block2", base_depth=2, num_units=2, stride=2),
        resnet_v2.resnet_v2_block("block3", base_depth=4, num_units=2, stride=2),
        resnet_v2.resnet_v2_block("block4", base_depth=8, num_units=2, stride=1),
    ]


def thin_resnet(images, num_classes=None, **arguments):
    with slim.arg_scope(resnet_v2.resnet_arg_scope()):
        return resnet_v2.resnet_v2(
            images, thin_blocks(), num_classes, scope="thin", **arguments
        )


def initialize(session):
    """Gives each variable values of its own, moving averages included."""
    random = np.random.default_rng(0)

    def value(name, shape):
        low = 0.5 if "variance" in name else -0.5
        return random.uniform(low, low + 1, shape)

    v1_graph.initialize(session, value)


@pytest.mark.parametrize("depth", [4, 6])
def test_a_unit_is_that_of_figure_1b(depth):
    """Batch norm, relu, convolution, three times; the shortcut as it comes."""
    with tf.Graph().as_default(), v1.Session() as session:
        images = tf.random.stateless_normal([2, 5, 6, 4], [0, 1])
        with (
            slim.arg_scope(resnet_v2.resnet_arg_scope()),
            slim.arg_scope([slim.batch_norm], is_training=False),
        ):
            net = resnet_v2.bottleneck(images, depth, 3, 1, scope="unit")
        initialize(session)
        inputs, actual, v = session.run([images, net, v1_graph.all_variables()])

    def activated(x, scope):
        gamma, beta, mean, variance = (
            v[f"unit/{scope}/{name}"]
            for name in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return np.maximum(0, (x - mean) * gamma / np.sqrt(variance + 1e-5) + beta)

    preact = activated(inputs, "preact")
    residual = activated(preact @ v["unit/conv1/weights"][0, 0], "conv1/BatchNorm")
    residual = tf.nn.conv2d(residual, v["unit/conv2/weights"], 1, "SAME").numpy()
    residual = activated(residual, "conv2/BatchNorm")
    expected = residual @ v["unit/conv3/weights"][0, 0] + v["unit/conv3/biases"]
    if depth == 4:
        expected += inputs
    else:
        weights, biases = v["unit/shortcut/weights"], v["unit/shortcut/biases"]
        expected += preact @ weights[0, 0] + biases
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_dense_features_subsampled_are_the_nominal_ones():
    images = np.random.default_rng(0).normal(size=[2, 65, 66, 3]).astype(np.float32)
    options = {"is_training": False, "global_pool": False}
    with filled.variables():
        nominal = thin_resnet(images, **options)[0].numpy()
        assert np.abs(nominal).max() > 1e-3
        for output_stride in (4, 8, 16, 32):
            dense, _ = thin_resnet(images, output_stride=output_stride, **options)
            factor = 32 // output_stride
            assert dense.shape[1] == 64 // output_stride + 1
            np.testing.assert_allclose(
                dense[:, ::factor, ::factor], nominal, rtol=1e-4, atol=1e-4
            )


def test_the_root_is_linear_and_the_end_is_not():
    with tf.Graph().as_default(), v1.Session() as session:
        images = tf.random.stateless_normal([2, 32, 47, 3], [0, 1])
        net, end_points = thin_resnet(images, is_training=False, global_pool=False)
        names = list(v1_graph.all_variables())
        initialize(session)
        net, root, block4 = session.run(
            [net, end_points["thin/conv1"], end_points["thin/block4"]]
        )
    assert names[:3] == [
        "thin/conv1/weights",
        "thin/conv1/biases",
        "thin/block1/unit_1/bottleneck_v2/preact/gamma",
    ]
    assert names[-1] == "thin/postnorm/moving_variance"
    assert root.min() < 0
    assert block4.min() < 0
    assert net.min() == 0


def test_end_points_are_named_and_ordered():
    with tf.Graph().as_default(), v1_graph.placeholders(training=True):
        logits, end_points = thin_resnet(tf.zeros([2, 64, 64, 3]), 10)
    names = list(end_points)
    assert names[:3] == [
        "thin/conv1",
        "thin/block1/unit_1/bottleneck_v2/shortcut",
        "thin/block1/unit_1/bottleneck_v2/conv1",
    ]
    assert names[-5:] == [
        "thin/block4",
        "global_pool",
        "thin/logits",
        "thin/spatial_squeeze",
        "predictions",
    ]
    assert len(names) == 1 + sum(4 * 2 + 1 + 1 for _ in range(4)) + 4
    assert end_points["thin/spatial_squeeze"] is logits


@pytest.mark.parametrize(
    ("output_stride", "message"),
    [
        (6, r"^The output_stride needs to be a multiple of 4\.$"),
        (12, r"^The target output_stride cannot be reached\.$"),
    ],
)
def test_impossible_output_strides_are_errors(output_stride, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        thin_resnet(tf.zeros([1, 64, 64, 3]), output_stride=output_stride)


def test_without_the_root_block():
    with tf.Graph().as_default(), v1_graph.placeholders(training=True):
        net, end_points = thin_resnet(
            tf.zeros([1, 33, 33, 3]), include_root_block=False, global_pool=False
        )
    assert net.shape.as_list() == [1, 5, 5, 32]
    assert "thin/conv1" not in end_points


@pytest.mark.parametrize("is_training", [True, False, None])
def test_none_leaves_batch_norms_mode_to_the_arg_scope(is_training):
    with (
        tf.Graph().as_default(),
        v1_graph.placeholders(training=True),
        slim.arg_scope(resnet_v2.resnet_arg_scope()),
        slim.arg_scope([slim.batch_norm], is_training=False),
    ):
        resnet_v2.resnet_v2(
            tf.zeros([2, 32, 32, 3]), thin_blocks(), is_training=is_training
        )
        updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
    batch_norms = 4 * 2 * 3 + 1
    assert len(updates) == (2 * batch_norms if is_training else 0)


def test_tf_slims_order_of_arguments():
    with tf.Graph().as_default():
        shared = (tf.zeros([2, 32, 32, 3]), thin_blocks(), 3, False, True, None, True)
        logits, end_points = resnet_v2.resnet_v2(*shared, None, "as_tf_slim")
        assert logits.shape.as_list() == [2, 1, 1, 3]
        assert "as_tf_slim/logits" in end_points
        made = list(v1_graph.all_variables())
        resnet_v2.resnet_v2(*shared, True, "as_tf_slim")
        assert list(v1_graph.all_variables()) == made
        logits, end_points = resnet_v2.resnet_v2(*shared, True, None, "ours")
        assert logits.shape.as_list() == [2, 3]
        assert "ours/logits" in end_points


@pytest.mark.parametrize("layers", [50, 101, 152, 200])
def test_builders_say_what_they_are(layers):
    name = f"resnet_v2_{layers}"
    builder = getattr(resnet_v2, name)
    assert builder.__name__ == name
    assert builder.__doc__.startswith(f"{name} (arXiv:1603.05027)")
    assert builder.default_image_size == 224
    assert inspect.signature(builder).parameters["scope"].default == name


def test_weights_are_regularized_and_nothing_else():
    with tf.Graph().as_default():
        thin_resnet(tf.zeros([1, 32, 32, 3]), 3)
        losses = v1.losses.get_regularization_losses()
        names = list(v1_graph.by_name(v1.trainable_variables()))
    assert len(losses) == sum(name.endswith("/weights") for name in names)


def test_resnet_utils_scope_is_found_here_too():
    assert resnet_v2.resnet_arg_scope is resnet_utils.resnet_arg_scope
