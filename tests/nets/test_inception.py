"""Inception v1 to v4 and Inception-ResNet v2: what their arguments change."""

import re

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import (
    inception,
    inception_blocks,
    inception_resnet_v2,
    inception_v2,
    inception_v3,
    inception_v4,
    registry,
)
from tests import tiny, v1_graph

v1 = tf.compat.v1


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def images(height, width=None, channels=3):
    return v1.placeholder(tf.float32, [None, height, width or height, channels])


def weights():
    """Returns the shapes of the graph's convolution kernels and matrices, by scope."""
    return {
        name.removesuffix("/weights"): variable.shape.as_list()
        for name, variable in v1_graph.all_variables().items()
        if name.endswith("/weights")
    }


def random_value(name, shape):
    rng = np.random.default_rng(len(name))
    if name.endswith(("biases", "beta", "moving_mean")):
        return rng.normal(0, 0.1, shape)
    if name.endswith("moving_variance"):
        return rng.uniform(0.5, 1.5, shape)
    return rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)


@pytest.mark.parametrize("name", registry.list_networks("inception*"))
@pytest.mark.slow
def test_what_training_regularizes_and_averages(name):
    network_fn = registry.get_network_fn(tiny.short_row(name), 7, 1e-4, True)
    network_fn(images(tiny.image_size(name)))
    variables = list(v1_graph.all_variables())
    # Not v2's separable convolution; of Inception-ResNet the biases too.
    kinds = "weights|biases" if name == "inception_resnet_v2" else "weights"
    regularized = [n for n in variables if re.search(f"/({kinds})$", n)]
    moving = [n for n in variables if "/BatchNorm/moving_" in n]
    assert len(v1.losses.get_regularization_losses()) == len(regularized) > 20
    assert len(v1.get_collection(v1.GraphKeys.UPDATE_OPS)) == len(moving) > 40


def test_an_arg_scope_can_leave_batch_norm_out_or_scale_it():
    with slim.arg_scope(inception.inception_v1_arg_scope(use_batch_norm=False)):
        inception.inception_v1_base(images(32), "Conv2d_2b_1x1", scope="plain")
    with slim.arg_scope(inception.inception_v4_arg_scope(batch_norm_scale=True)):
        inception.inception_v4_base(images(75), "Conv2d_1a_3x3", scope="scaled")
    assert list(v1_graph.all_variables()) == [
        "plain/Conv2d_1a_7x7/weights",
        "plain/Conv2d_1a_7x7/biases",
        "plain/Conv2d_2b_1x1/weights",
        "plain/Conv2d_2b_1x1/biases",
        "scaled/Conv2d_1a_3x3/weights",
        "scaled/Conv2d_1a_3x3/BatchNorm/gamma",
        "scaled/Conv2d_1a_3x3/BatchNorm/beta",
        "scaled/Conv2d_1a_3x3/BatchNorm/moving_mean",
        "scaled/Conv2d_1a_3x3/BatchNorm/moving_variance",
    ]


@pytest.mark.parametrize(
    ("base", "final_endpoint", "last"),
    [
        (inception.inception_v1_base, "MaxPool_2a_3x3", "InceptionV1/Conv2d_1a_7x7"),
        (
            inception.inception_v2_base,
            "Mixed_3b",
            "InceptionV2/Mixed_3b/Branch_3/Conv2d_0b_1x1",
        ),
        (
            inception.inception_v3_base,
            "Mixed_5c",
            "InceptionV3/Mixed_5c/Branch_3/Conv2d_0b_1x1",
        ),
        (
            inception.inception_v4_base,
            "Mixed_3a",
            "InceptionV4/Mixed_3a/Branch_1/Conv2d_0a_3x3",
        ),
        pytest.param(
            inception.inception_resnet_v2_base,
            "PreAuxLogits",
            "InceptionResnetV2/Repeat_1/block17_20/Conv2d_1x1",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_nothing_is_built_beyond_the_final_end_point(base, final_endpoint, last):
    net, end_points = base(images(75), final_endpoint=final_endpoint)
    assert list(end_points)[-1] == final_endpoint
    assert end_points[final_endpoint] is net
    assert list(weights())[-1] == last


@pytest.mark.parametrize(
    "base",
    [
        inception.inception_v1_base,
        inception.inception_v2_base,
        inception.inception_v3_base,
        inception.inception_v4_base,
        inception.inception_resnet_v2_base,
    ],
)
def test_an_unknown_end_point_is_named_with_its_neighbours(base):
    with pytest.raises(errors.InputError, match=r"'Mixed_5z'; did you mean Mixed_5"):
        base(images(75), final_endpoint="Mixed_5z")


@pytest.mark.parametrize(
    "base", [inception.inception_v1_base, inception.inception_v2_base]
)
def test_the_root_block_can_be_left_out(base):
    _, end_points = base(images(28, channels=192), include_root_block=False)
    assert next(iter(end_points)) == "Mixed_3b"
    assert end_points["Mixed_5c"].shape.as_list() == [None, 7, 7, 1024]
    with pytest.raises(errors.InputError, match="Conv2d_1a_7x7"):
        base(images(28), "Conv2d_1a_7x7", include_root_block=False)


@pytest.mark.parametrize(
    ("base", "first", "depths"),
    [
        (inception.inception_v2_base, "Mixed_3b", [16, 16, 16, 16, 24, 24, 16]),
        (inception.inception_v3_base, "Mixed_5b", [16, 16, 16, 16, 24, 24, 16]),
    ],
)
def test_depth_multiplier_thins_down_to_the_least_depth(base, first, depths):
    base(images(75), first, depth_multiplier=0.25, scope="thin")
    shapes = [shape for name, shape in weights().items() if f"/{first}/" in name]
    assert [shape[-1] for shape in shapes] == depths
    with pytest.raises(errors.InputError, match="greater than zero, not 0"):
        base(images(75), depth_multiplier=0)


def test_v2_depthwise_filters_are_never_more_than_its_first_layer_needs():
    images_ = images(32)
    for multiplier in (1.0, 0.25):
        inception.inception_v2_base(
            images_, "Conv2d_1a_7x7", depth_multiplier=multiplier, scope=f"{multiplier}"
        )
    shapes = {n: v.shape.as_list() for n, v in v1_graph.all_variables().items()}
    assert shapes["1.0/Conv2d_1a_7x7/depthwise_weights"] == [7, 7, 3, 8]
    assert shapes["0.25/Conv2d_1a_7x7/depthwise_weights"] == [7, 7, 3, 5]
    assert shapes["0.25/Conv2d_1a_7x7/pointwise_weights"] == [1, 1, 15, 16]


@pytest.mark.slow
def test_v2_without_the_separable_convolution_goes_channels_first_too():
    base = inception.inception_v2_base
    with slim.arg_scope(inception.inception_v2_arg_scope()):
        _, last = base(images(50, 64), use_separable_conv=False, scope="last")
        channels_first = v1.placeholder(tf.float32, [None, 3, 50, 64])
        _, first = base(
            channels_first, use_separable_conv=False, data_format="NCHW", scope="first"
        )
    for name, net in last.items():
        batch, height, width, channels = net.shape.as_list()
        assert first[name].shape.as_list() == [batch, channels, height, width]
    shapes = [
        (name.partition("/")[2], variable.shape.as_list())
        for name, variable in v1_graph.all_variables().items()
    ]
    assert shapes[: len(shapes) // 2] == shapes[len(shapes) // 2 :]
    assert shapes[0] == ("Conv2d_1a_7x7/weights", [7, 7, 3, 64])


def test_v2_refuses_layouts_it_does_not_have():
    with pytest.raises(errors.InputError, match="use_separable_conv=False"):
        inception.inception_v2_base(images(32), data_format="NCHW")
    with pytest.raises(ValueError, match="NCWH"):
        inception.inception_v2_base(images(32), data_format="NCWH")


def test_initial_spreads_are_those_of_the_published_recipe():
    with slim.arg_scope(inception_v2.inception_v2_arg_scope()):
        inception.inception_v1_base(images(32), "Mixed_3b")
        inception_v2.inception_v2_base(images(32), "Mixed_3b")
    spreads = {
        "InceptionV1/Mixed_3b/Branch_1/Conv2d_0b_3x3": 0.01,
        "InceptionV2/Conv2d_2b_1x1": 0.1,
        "InceptionV2/Mixed_3b/Branch_0/Conv2d_0a_1x1": np.sqrt(2 / 192) / 0.88,
        "InceptionV2/Mixed_3b/Branch_1/Conv2d_0a_1x1": 0.09,
        "InceptionV2/Mixed_3b/Branch_3/Conv2d_0b_1x1": 0.1,
    }
    variables = v1_graph.all_variables()
    with v1.Session() as session:
        values = session.run(
            {name: variables[f"{name}/weights"].initial_value for name in spreads}
        )
    for name, spread in spreads.items():
        # A normal distribution cut at two deviations has 0.88 of its deviation.
        np.testing.assert_allclose(values[name].std(), 0.88 * spread, rtol=0.06)


@pytest.mark.parametrize(
    "builder",
    [inception.inception_v3, inception.inception_v4, inception.inception_resnet_v2],
)
def test_images_too_small_are_refused(builder):
    with pytest.raises(errors.InputError, match="at least 75x75 pixels, not 74x80"):
        builder(images(74, 80))


@pytest.mark.slow
def test_v3_gives_large_images_one_vector_or_maps():
    logits, end_points = inception.inception_v3(images(430), 5, global_pool=True)
    assert logits.shape.as_list() == [None, 5]
    assert end_points["AuxLogits"].shape.as_list() == [None, 5]
    v1.get_variable_scope().reuse_variables()
    logits, end_points = inception.inception_v3(images(430), 5, spatial_squeeze=False)
    assert logits.shape.as_list() == [None, 3, 3, 5]
    assert end_points["AuxLogits"].shape.as_list() == [None, 3, 3, 5]
    with pytest.raises(errors.InputError, match="spatial_squeeze=False"):
        inception.inception_v3(images(430), 5, create_aux_logits=False)


@pytest.mark.parametrize("name", ["inception_v4", "inception_resnet_v2"])
@pytest.mark.slow
def test_only_the_auxiliary_head_needs_a_known_size(name):
    network_fn = registry.get_network_fn(tiny.short_row(name), 5, is_training=True)
    unknown = v1.placeholder(tf.float32, [None, None, 299, 3])
    with v1_graph.placeholders(training=True):
        logits, end_points = network_fn(unknown, create_aux_logits=False)
        assert logits.shape.as_list() == [None, 5]
        assert "AuxLogits" not in end_points
        with pytest.raises(errors.InputError, match="create_aux_logits=False"):
            network_fn(unknown, scope="other")


def test_modules_of_v4_can_be_had_one_by_one():
    net = images(9, channels=4)
    depths = {
        inception_v4.block_inception_a: 384,
        inception_v4.block_reduction_a: 384 + 256 + 4,
        inception_v4.block_inception_b: 1024,
        inception_v4.block_reduction_b: 192 + 320 + 4,
        inception_v4.block_inception_c: 1536,
    }
    for block, depth in depths.items():
        assert block(net).shape[-1] == depth
    assert {name.partition("/")[0] for name in weights()} == {
        "BlockInceptionA",
        "BlockReductionA",
        "BlockInceptionB",
        "BlockReductionB",
        "BlockInceptionC",
    }


def test_residual_blocks_can_be_had_one_by_one():
    net = images(9, channels=4)
    for block in ("block35", "block17", "block8"):
        block_fn = getattr(inception_resnet_v2, block)
        assert slim.repeat(net, 2, block_fn, scale=0.1).shape[-1] == 4
    up = [name for name in weights() if "Branch" not in name]
    assert up == [
        "Repeat/block35_1/Conv2d_1x1",
        "Repeat/block35_2/Conv2d_1x1",
        "Repeat_1/block17_1/Conv2d_1x1",
        "Repeat_1/block17_2/Conv2d_1x1",
        "Repeat_2/block8_1/Conv2d_1x1",
        "Repeat_2/block8_2/Conv2d_1x1",
    ]


def test_a_residual_block_scales_its_branches_and_bounds_them_for_relu6():
    net = tf.constant(np.random.default_rng(0).normal(size=[1, 5, 5, 4]), tf.float32)

    def sum_of(scale, activation_fn):
        with v1.variable_scope("", reuse=v1.AUTO_REUSE):
            return inception_resnet_v2.block8(
                net, scale, activation_fn=activation_fn, scope="block"
            )

    sums = [sum_of(1.0, None), sum_of(0.5, None), sum_of(0.5, tf.nn.relu)]
    bounded = sum_of(100.0, tf.nn.relu6)
    with v1.Session() as session:
        v1_graph.initialize(session, random_value)
        (whole, half, positive), bounded, inputs = session.run([sums, bounded, net])
    np.testing.assert_allclose(half - inputs, (whole - inputs) / 2, atol=1e-6)
    np.testing.assert_array_equal(positive, np.maximum(half, 0))
    expected = np.clip(inputs + np.clip(100 * (whole - inputs), -6, 6), 0, 6)
    np.testing.assert_allclose(bounded, expected, atol=1e-3)


@pytest.mark.slow
def test_resnet_features_of_stride_8_subsampled_are_those_of_stride_16():
    image = tf.random.stateless_normal([1, 91, 75, 3], [0, 1])
    table = tiny.short_row("inception_resnet_v2").arguments["table"]

    def features(output_stride):
        with (
            slim.arg_scope(inception.inception_resnet_v2_arg_scope()),
            slim.arg_scope([slim.batch_norm], is_training=False),
            v1.variable_scope("", reuse=v1.AUTO_REUSE),
        ):
            return inception.inception_resnet_v2_base(
                image, "PreAuxLogits", output_stride, scope="net", table=table
            )[0]

    nets = features(8), features(16)
    with v1.Session() as session:
        v1_graph.initialize(session, random_value)
        dense, nominal = session.run(nets)
    assert nominal.shape == (1, 4, 3, 1088)
    tolerance = 1e-4 * np.abs(nominal).max()
    np.testing.assert_allclose(dense[:, ::2, ::2], nominal, atol=tolerance)


def test_resnet_refuses_strides_it_does_not_have():
    with pytest.raises(errors.InputError, match="8 or 16, not 32"):
        inception.inception_resnet_v2_base(images(75), output_stride=32)
    with pytest.raises(errors.InputError, match="up to end point 'PreAuxLogits'"):
        inception.inception_resnet_v2_base(images(75), output_stride=8)
    assert not weights()


@pytest.mark.slow
def test_resnet_can_align_features_with_the_image():
    table = tiny.short_row("inception_resnet_v2").arguments["table"]
    _, end_points = inception.inception_resnet_v2_base(
        images(64), align_feature_maps=True, table=table
    )
    sizes = {name: net.shape[1] for name, net in end_points.items()}
    assert sizes["Conv2d_2a_3x3"] == 32
    assert sizes["Mixed_5b"] == 8
    assert sizes["PreAuxLogits"] == 4
    assert sizes["Conv2d_7b_1x1"] == 2


def test_default_image_sizes():
    assert {
        name: getattr(inception, name).default_image_size
        for name in registry.list_networks("inception*")
    } == {
        "inception_v1": 224,
        "inception_v2": 224,
        "inception_v3": 299,
        "inception_v4": 299,
        "inception_resnet_v2": 299,
    }
    assert inception_v3.inception_v3 is inception.inception_v3


def test_average_pools_of_v3_see_padding_if_asked_to(graph):
    for scope, seeing in (("pixels", False), ("zeros", True)):
        inception_v3.inception_v3_base(
            images(75), "Mixed_5b", scope=scope, pools_see_padding=seeing
        )
    padded = [op.name for op in graph.get_operations() if op.type == "Pad"]
    assert padded == ["zeros/Mixed_5b/Branch_3/Pad"]


def test_the_mean_of_zeros_around_an_image():
    pool = inception_blocks.AvgPool("pool", sees_padding=True)
    with v1.Session() as session:
        mean = session.run(pool.build(tf.ones([1, 3, 3, 1]), 1, 1))
    np.testing.assert_allclose(
        mean[0, ..., 0], np.array([[4, 6, 4], [6, 9, 6], [4, 6, 4]]) / 9, rtol=1e-6
    )
    first = inception_blocks.pad_around(tf.ones([1, 2, 3, 4]), 3, "NCHW")
    assert first.shape == [1, 2, 5, 6]
