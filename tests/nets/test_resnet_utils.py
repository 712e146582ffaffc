"""Blocks, their stacking, and convolutions whose stride is a subsampling."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import resnet_utils, resnet_v1, resnet_v2
from tests import v1_graph

v1 = tf.compat.v1


@pytest.mark.parametrize("size", [1, 4, 5])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_subsample_keeps_the_first_of_every_factor(size, factor):
    images = np.arange(size * size, dtype=np.float32).reshape(1, size, size, 1)
    kept = resnet_utils.subsample(tf.constant(images), factor)
    np.testing.assert_array_equal(kept, images[:, ::factor, ::factor])


@pytest.mark.parametrize("size", [(8, 8), (9, 8), (9, 11)])
@pytest.mark.parametrize("kernel_size", [1, 3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_conv2d_same_is_subsampled_convolution(size, kernel_size, stride):
    with tf.Graph().as_default(), v1.Session() as session:
        images = tf.random.stateless_normal([2, *size, 3], [0, 1])
        strided = resnet_utils.conv2d_same(images, 4, kernel_size, stride, scope="Conv")
        dense = slim.conv2d(images, 4, kernel_size, scope="Conv", reuse=True)
        session.run(v1.global_variables_initializer())
        strided, dense = session.run([strided, dense])
    np.testing.assert_allclose(strided, dense[:, ::stride, ::stride], atol=1e-5)


def test_plain_same_padding_would_not_be():
    with tf.Graph().as_default(), v1.Session() as session:
        images = tf.random.stateless_normal([2, 8, 8, 3], [0, 1])
        ours = resnet_utils.conv2d_same(images, 4, 3, stride=2, scope="Conv")
        plain = slim.conv2d(images, 4, 3, stride=2, scope="Conv", reuse=True)
        session.run(v1.global_variables_initializer())
        ours, plain = session.run([ours, plain])
    assert ours.shape == plain.shape
    assert np.abs(ours - plain).max() > 0.01


def blocks(*strides):
    return [
        resnet_v1.resnet_v1_block(f"block{i}", base_depth=1, num_units=2, stride=stride)
        for i, stride in enumerate(strides, 1)
    ]


@pytest.mark.parametrize(
    ("stride_in", "strides", "after"),
    [
        ("first_1x1", [[1, 1], [1], [1, 1]], [2, 2, 1]),
        ("first_3x3", [[1, 1], [2], [2, 1]], [1, 1, 1]),
        ("last_3x3", [[1, 2], [2], [1, 1]], [1, 1, 1]),
    ],
)
def test_where_a_network_strides(stride_in, strides, after):
    made = resnet_utils.make_blocks(
        resnet_v1.bottleneck, resnet_utils.stages(2, 1, 2), stride_in
    )
    assert [[unit["stride"] for unit in block.args] for block in made] == strides
    assert [block.stride_after for block in made] == after
    assert [block.scope for block in made] == ["block1", "block2", "block3"]
    depths = [block.args[0]["depth_bottleneck"] for block in made]
    assert depths == [64, 128, 256]
    assert [block.args[-1]["depth"] for block in made] == [256, 512, 1024]


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("output_stride", [3, 5, 16])
def test_an_output_stride_between_or_beyond_the_strides_is_an_error(
    at_end, output_stride
):
    images = tf.zeros([1, 16, 16, 3])
    with (
        tf.Graph().as_default(),
        pytest.raises(ValueError, match=r"^The target output_stride cannot be reached"),
    ):
        resnet_utils.stack_blocks_dense(images, blocks(2, 2, 1), output_stride, at_end)


@pytest.mark.parametrize(
    ("output_stride", "rates"),
    [(None, [1] * 6), (1, [1, 1, 2, 2, 4, 4]), (2, [1, 1, 1, 1, 2, 2])],
)
def test_dilation_takes_the_place_of_strides(output_stride, rates):
    seen = []

    def unit(net, name, stride=1, rate=1):
        seen.append((name, stride, rate))
        return net

    # The units of the first block know no stride but the last's.
    stack = [
        resnet_utils.Block("a", unit, [{"name": 1}, {"name": 2, "stride": 2}]),
        resnet_utils.Block("b", unit, [{"name": 3}, {"name": 4, "stride": 2}]),
        resnet_utils.Block("c", unit, [{"name": 5}, {"name": 6}]),
    ]
    resnet_utils.stack_blocks_dense(tf.zeros([1, 8, 8, 1]), stack, output_stride)
    strides = {None: [1, 2, 1, 2, 1, 1], 1: [1] * 6, 2: [1, 2, 1, 1, 1, 1]}
    assert seen == list(zip(range(1, 7), strides[output_stride], rates, strict=True))


def test_end_points_can_be_graph_collections():
    with tf.Graph().as_default():
        layers = [slim.conv2d, resnet_v1.bottleneck, resnet_utils.stack_blocks_dense]
        with slim.arg_scope(layers, outputs_collections="end_points"):
            net = resnet_utils.stack_blocks_dense(tf.zeros([2, 8, 8, 3]), blocks(2))
        end_points = slim.utils.convert_collection_to_dict("end_points")
    unit = "block1/unit_1/bottleneck_v1"
    assert list(end_points) == [
        *[f"{unit}/{conv}" for conv in ("shortcut", "conv1", "conv2", "conv3")],
        unit,
        *[f"block1/unit_2/bottleneck_v1/conv{i}" for i in (1, 2, 3)],
        "block1/unit_2/bottleneck_v1",
        "block1",
    ]
    assert end_points["block1"] is net


def test_arg_scope_without_batch_norm_gives_biases():
    with tf.Graph().as_default():
        scope = resnet_utils.resnet_arg_scope(use_batch_norm=False, activation_fn=None)
        with slim.arg_scope(scope):
            net = slim.conv2d(tf.zeros([1, 4, 4, 3]), 2, 3)
        names = [variable.op.name for variable in v1.global_variables()]
        assert names == ["Conv/weights", "Conv/biases"]
        assert net.op.type == "BiasAdd"
        assert len(v1.losses.get_regularization_losses()) == 1


def test_arg_scope_reaches_batch_norm_alone():
    with tf.Graph().as_default(), v1.Session() as session:
        scope = resnet_utils.resnet_arg_scope(
            batch_norm_decay=0.5, batch_norm_scale=False, batch_norm_epsilon=3.0
        )
        with slim.arg_scope(scope):
            net = slim.batch_norm(tf.ones([1, 2, 2, 1]), is_training=False)
            slim.batch_norm(tf.ones([1, 2, 2, 1]))
        variables = {v.op.name: v for v in v1.global_variables()}
        session.run(v1.global_variables_initializer())
        session.run(v1.get_collection(v1.GraphKeys.UPDATE_OPS))
        moved = session.run(variables["BatchNorm_1/moving_mean"])
        assert "BatchNorm/gamma" not in variables
        np.testing.assert_allclose(session.run(net), 0.5, rtol=1e-6)
        np.testing.assert_allclose(moved, 0.5)


def test_the_root_pool_pads_at_every_side_if_asked_to():
    images = np.arange(-16, 0, dtype=np.float32).reshape(1, 4, 4, 1)
    pooled = [
        resnet_utils.add_root_pool(tf.constant(images), explicit).numpy()[0, ..., 0]
        for explicit in (False, True)
    ]
    with slim.arg_scope(resnet_utils.resnet_arg_scope()):
        same = resnet_utils.add_root_pool(tf.constant(images), False)[0, ..., 0]
    np.testing.assert_array_equal(same, [[-6, -5], [-2, -1]])
    np.testing.assert_array_equal(pooled[1], [[-11, -9], [-3, -1]])


def test_a_place_of_strides_that_there_is_not():
    with pytest.raises(errors.InputError) as caught:
        resnet_utils.make_blocks(resnet_v1.bottleneck, resnet_utils.RESNET_50, "last")
    assert "unknown stride_in 'last'" in str(caught.value)


@pytest.mark.parametrize("network", [resnet_v1.resnet_v1_50, resnet_v2.resnet_v2_50])
def test_blocks_that_stride_where_they_begin(network):
    """As PyTorch's: the first end as large as they are given images."""
    sizes = {}
    for stride_in in ("last_3x3", "first_3x3"):
        with tf.Graph().as_default(), v1_graph.placeholders():
            _, end_points = network(
                tf.zeros([1, 64, 64, 3]),
                is_training=False,
                stride_in=stride_in,
                use_explicit_padding=True,
                scope="net",
                table=resnet_utils.stages(1, 1, 1),
            )
        blocks = [end_points[f"net/block{number}"] for number in (1, 2, 3)]
        sizes[stride_in] = [block.shape.as_list()[1] for block in blocks]
    assert sizes == {"last_3x3": [8, 4, 4], "first_3x3": [16, 8, 4]}
