"""ResNet v1: atrous law, end points, depths, sizes and modes."""

import inspect

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.nets import resnet_utils, resnet_v1
from tests import filled, v1_graph

v1 = tf.compat.v1


def thin_blocks():
    return [
        resnet_v1.resnet_v1_block("block1", base_depth=1, num_units=2, stride=2),
        resnet_v1.resnet_v1_block("block2", base_depth=2, num_units=2, stride=2),
        resnet_v1.resnet_v1_block("block3", base_depth=4, num_units=2, stride=2),
        resnet_v1.resnet_v1_block("block4", base_depth=8, num_units=2, stride=1),
    ]


def thin_resnet(images, num_classes=None, **arguments):
    with slim.arg_scope(resnet_v1.resnet_arg_scope()):
        return resnet_v1.resnet_v1(
            images, thin_blocks(), num_classes, scope="thin", **arguments
        )


def run(build, reference):
    """Returns the values of two networks that share variables."""
    with filled.variables():
        return build(), reference()


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize(
    ("output_stride", "size"),
    [(1, (30, 31)), (2, (30, 31)), (4, (33, 33))],
)
def test_dense_features_subsampled_are_the_nominal_ones(output_stride, size, at_end):
    def features(output_stride, at_end):
        images = tf.random.stateless_normal([1, *size, 3], [0, 1])
        return thin_resnet(
            images,
            is_training=False,
            global_pool=False,
            include_root_block=False,
            output_stride=output_stride,
            store_non_strided_activations=at_end,
        )[0]

    dense, nominal = run(
        lambda: features(output_stride, at_end), lambda: features(None, False)
    )
    factor = 8 // output_stride
    assert np.abs(nominal).max() > 1e-3
    np.testing.assert_allclose(
        dense[:, ::factor, ::factor], nominal, rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("output_stride", [4, 8, 16, 32])
def test_the_same_with_the_root_block(output_stride):
    images = np.random.default_rng(0).normal(size=[2, 65, 65, 3]).astype(np.float32)
    options = {"is_training": False, "global_pool": False}
    dense, nominal = run(
        lambda: thin_resnet(images, output_stride=output_stride, **options)[0],
        lambda: thin_resnet(images, **options)[0],
    )
    factor = 32 // output_stride
    assert dense.shape[1:3] == (64 // output_stride + 1,) * 2
    np.testing.assert_allclose(
        dense[:, ::factor, ::factor], nominal, rtol=1e-4, atol=1e-4
    )


def test_non_strided_activations_are_the_blocks_ends_before_their_stride():
    images = np.random.default_rng(0).normal(size=[1, 64, 65, 3]).astype(np.float32)
    (net, ends), (strided_net, strided_ends) = run(
        lambda: thin_resnet(
            images, 5, is_training=False, store_non_strided_activations=True
        ),
        lambda: thin_resnet(images, 5, is_training=False),
    )
    np.testing.assert_allclose(net, strided_net, rtol=1e-4, atol=1e-5)
    for block in ("thin/block1", "thin/block2", "thin/block3"):
        subsampled = ends[block][:, ::2, ::2]
        assert subsampled.shape != ends[block].shape
        np.testing.assert_allclose(
            subsampled, strided_ends[block], rtol=1e-4, atol=1e-4
        )
    np.testing.assert_allclose(
        ends["thin/block4"], strided_ends["thin/block4"], rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize(
    ("output_stride", "message"),
    [
        (6, r"^The output_stride needs to be a multiple of 4\.$"),
        (12, r"^The target output_stride cannot be reached\.$"),
        (64, r"^The target output_stride cannot be reached\.$"),
    ],
)
def test_impossible_output_strides_are_errors(output_stride, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        thin_resnet(tf.zeros([1, 64, 64, 3]), output_stride=output_stride)


def test_a_map_of_logits_is_not_squeezed_silently():
    with (
        tf.Graph().as_default(),
        v1_graph.placeholders(training=True),
        pytest.raises(ValueError, match="spatial_squeeze=False"),
    ):
        thin_resnet(tf.zeros([1, 96, 96, 3]), 10, global_pool=False)


def test_unknown_batch_and_sizes():
    with tf.Graph().as_default(), v1.Session() as session:
        images = v1.placeholder(tf.float32, [None, None, None, 3])
        logits, _ = thin_resnet(images, 7)
        assert logits.shape.as_list() == [None, 7]
        session.run(v1.global_variables_initializer())
        for shape in ((2, 65, 65, 3), (1, 32, 47, 3)):
            assert session.run(logits, {images: np.ones(shape)}).shape == (shape[0], 7)


@pytest.mark.parametrize(("output_stride", "size"), [(None, 3), (8, 9)])
def test_unknown_sizes_of_features(output_stride, size):
    with tf.Graph().as_default(), v1.Session() as session:
        images = v1.placeholder(tf.float32, [2, None, None, 3])
        net, _ = thin_resnet(images, global_pool=False, output_stride=output_stride)
        assert net.shape.as_list() == [2, None, None, 32]
        session.run(v1.global_variables_initializer())
        features = session.run(net, {images: np.ones([2, 65, 65, 3])})
        assert features.shape == (2, size, size, 32)


def test_end_points_are_named_and_ordered():
    with tf.Graph().as_default(), v1_graph.placeholders(training=True):
        logits, end_points = thin_resnet(tf.zeros([2, 64, 64, 3]), 10)
    names = list(end_points)
    assert names[0] == "thin/conv1"
    assert names[1] == "thin/block1/unit_1/bottleneck_v1/shortcut"
    assert names[-5:] == [
        "thin/block4",
        "global_pool",
        "thin/logits",
        "thin/spatial_squeeze",
        "predictions",
    ]
    assert len(names) == 1 + sum(4 * 2 + 1 + 1 for _ in range(4)) + 4
    assert end_points["thin/logits"].shape == [2, 1, 1, 10]
    assert end_points["thin/spatial_squeeze"] is logits
    assert logits.op.name == "thin/SpatialSqueeze"


@pytest.mark.parametrize("num_classes", [None, 0])
def test_without_classes_the_net_is_features(num_classes):
    with tf.Graph().as_default(), v1_graph.placeholders(training=True):
        net, end_points = thin_resnet(tf.zeros([2, 64, 64, 3]), num_classes)
    assert net is end_points["global_pool"]
    assert "predictions" not in end_points


@pytest.mark.parametrize("is_training", [True, False, None])
def test_none_leaves_batch_norms_mode_to_the_arg_scope(is_training):
    with (
        tf.Graph().as_default(),
        v1_graph.placeholders(training=True),
        slim.arg_scope(resnet_v1.resnet_arg_scope()),
        slim.arg_scope([slim.batch_norm], is_training=False),
    ):
        resnet_v1.resnet_v1(
            tf.zeros([2, 32, 32, 3]), thin_blocks(), is_training=is_training
        )
        updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
    batch_norms = 1 + 4 * (2 * 3 + 1)
    assert len(updates) == (2 * batch_norms if is_training else 0)


def test_reuse_makes_no_more_variables():
    with tf.Graph().as_default():
        images = tf.zeros([2, 32, 32, 3])
        thin_resnet(images, 3)
        made = v1.global_variables()
        _, end_points = thin_resnet(images, 3, reuse=True)
        assert v1.global_variables() == made
        assert "thin/block4/unit_2/bottleneck_v1" in end_points


def test_bounded_activations():
    scope = resnet_v1.resnet_arg_scope(use_batch_norm=False)
    with tf.Graph().as_default(), v1.Session() as session:
        ends = {}
        images = 40 * tf.random.stateless_normal([1, 8, 8, 3], [0, 1])
        with (
            slim.arg_scope(scope),
            slim.arg_scope([slim.conv2d], outputs_collections=ends),
        ):
            net = resnet_v1.bottleneck(images, 4, 4, 2, use_bounded_activations=True)
        session.run(v1.global_variables_initializer())
        net, ends = session.run([net, ends])
    shortcut = ends["bottleneck_v1/shortcut"]
    residual = ends["bottleneck_v1/conv3"]
    assert np.abs(residual).max() > 6
    assert shortcut.min() == 0
    assert shortcut.max() == 6
    expected = np.clip(shortcut + np.clip(residual, -6, 6), 0, 6)
    np.testing.assert_allclose(net, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("resnet_v1_50", 50),
        ("resnet_v1_101", 101),
        ("resnet_v1_152", 152),
        ("resnet_v1_200", 200),
    ],
)
def test_builders_have_as_many_layers_as_their_names_say(name, layers):
    builder = getattr(resnet_v1, name)
    with tf.Graph().as_default(), v1_graph.placeholders(training=True) as names:
        _, end_points = builder(tf.zeros([1, 32, 32, 3]), 4, depth_multiplier=0)
    weights = [n for n in names if n.endswith("/weights") and "shortcut" not in n]
    assert len(weights) == layers
    assert all(n.startswith(f"{name}/") for n in names)
    assert end_points[f"{name}/block4"].shape[-1] == 4 * 8
    assert builder.__name__ == name
    assert builder.default_image_size == 224
    assert inspect.signature(builder).parameters["scope"].default == name


@pytest.mark.parametrize(
    ("multiplier", "minimum", "depths"),
    [
        (1, 8, [256, 512, 1024, 2048]),
        (0.25, 8, [64, 128, 256, 512]),
        (0.0625, 20, [80, 80, 80, 128]),
        (0, 5, [20, 20, 20, 20]),
    ],
)
def test_depth_multiplier(multiplier, minimum, depths):
    with tf.Graph().as_default(), v1_graph.placeholders(training=True):
        _, end_points = resnet_v1.resnet_v1_50(
            tf.zeros([1, 32, 32, 3]),
            min_base_depth=minimum,
            depth_multiplier=multiplier,
        )
    blocks = [f"resnet_v1_50/block{number}" for number in (1, 2, 3, 4)]
    assert [end_points[block].shape[-1] for block in blocks] == depths


def test_weights_are_regularized_and_nothing_else():
    with tf.Graph().as_default():
        thin_resnet(tf.zeros([1, 32, 32, 3]), 3)
        losses = v1.losses.get_regularization_losses()
        names = [variable.op.name for variable in v1.trainable_variables()]
    assert len(losses) == sum(name.endswith("/weights") for name in names)


def test_resnet_utils_scope_is_found_here_too():
    assert resnet_v1.resnet_arg_scope is resnet_utils.resnet_arg_scope


def test_a_v1_graph_has_tf_slims_collection_of_the_layers():
    with (
        tf.Graph().as_default(),
        v1_graph.placeholders(),
        v1.name_scope("tower"),
    ):
        _, end_points = thin_resnet(tf.zeros([1, 32, 32, 3]), 5, is_training=False)
        filed = slim.utils.convert_collection_to_dict("tower/thin/_end_points")
    added = ("global_pool", "thin/spatial_squeeze", "predictions")
    assert list(filed) == [name for name in end_points if name not in added]
    assert all(filed[name] is end_points[name] for name in filed)
