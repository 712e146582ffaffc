"""MobileNet v4: its tables, and the universal inverted bottleneck."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.nets.mobilenet import mobilenet_v4
from slimnets.nets.mobilenet.uib import universal_inverted_bottleneck
from tests import v1_graph

v1 = tf.compat.v1

TABLES = {
    "small": (mobilenet_v4.CONV_SMALL, mobilenet_v4.V4_CONV_SMALL),
    "medium": (mobilenet_v4.CONV_MEDIUM, mobilenet_v4.V4_CONV_MEDIUM),
    "large": (mobilenet_v4.CONV_LARGE, mobilenet_v4.V4_CONV_LARGE),
}


def end_points_of(table, **arguments):
    with tf.Graph().as_default(), v1_graph.placeholders():
        images = v1.placeholder(tf.float32, [1, 64, 64, 3])
        _, end_points = mobilenet_v4.mobilenet(images, conv_defs=table, **arguments)
    return end_points


@pytest.mark.parametrize("name", TABLES)
def test_layers_have_the_channels_their_table_prints(name):
    blocks, table = TABLES[name]
    end_points = end_points_of(table)
    size = 64
    for number, block in enumerate(blocks, 1):
        size //= block.stride
        expected = [1, size, size, block.depth]
        assert end_points[f"layer_{number}"].shape.as_list() == expected
        if not isinstance(block, mobilenet_v4.Conv):
            expanded = end_points[f"layer_{number}/expansion_output"]
            assert expanded.shape[-1] == block.expanded
    assert size == 2
    head = end_points[f"layer_{len(blocks) + 2}"]
    assert head.shape.as_list() == [1, 1, 1, mobilenet_v4.HEAD]


def block(images, start, middle, stride=1, depth=8, **arguments):
    """Returns a block's output, what is inside, and its variables' names."""
    parts = {}
    output = universal_inverted_bottleneck(
        images,
        depth,
        expansion_size=lambda num_inputs: 2 * num_inputs,
        start_kernel=start,
        middle_kernel=middle,
        stride=stride,
        endpoints=parts,
        **arguments,
    )
    names = {v.op.name.split("/")[1] for v in v1.global_variables()}
    return output, parts, names


@pytest.mark.parametrize(
    ("start", "middle", "layers", "strided"),
    [
        (3, 5, {"start_depthwise", "expand", "depthwise", "project"}, "depthwise"),
        (3, 0, {"start_depthwise", "expand", "project"}, "start_depthwise"),
        (0, 5, {"expand", "depthwise", "project"}, "depthwise"),
        (0, 0, {"expand", "project"}, None),
    ],
    ids=["ExtraDW", "ConvNext", "IB", "FFN"],
)
def test_a_block_has_the_convolutions_of_its_kind(start, middle, layers, strided):
    with tf.Graph().as_default():
        images = tf.zeros([1, 16, 16, 8])
        output, parts, names = block(images, start, middle, 2 if strided else 1)
        assert names == layers
        for name, tensor in parts.items():
            after = strided and list(parts).index(f"{strided}_output")
            halved = strided and list(parts).index(name) >= after
            assert tensor.shape[1] == (8 if halved else 16)
        assert output.shape[1] == (8 if strided else 16)


@pytest.mark.parametrize(
    ("stride", "depth", "added"), [(1, 8, True), (2, 8, False), (1, 16, False)]
)
def test_the_input_is_added_where_shapes_agree(stride, depth, added):
    with tf.Graph().as_default(), v1.Session() as session:
        images = tf.constant(np.random.default_rng(0).normal(size=(1, 6, 6, 8)))
        output, parts, _ = block(tf.cast(images, tf.float32), 3, 3, stride, depth)
        session.run(v1.global_variables_initializer())
        projected = parts["projection_output"]
        given, within, result = session.run([images, projected, output])
    expected = within + given if added else within
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5)


def test_explicit_padding_is_that_of_same_at_stride_1():
    with tf.Graph().as_default(), v1.Session() as session:
        shape = (1, 7, 7, 8)
        images = tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)
        same, *_ = block(images, 5, 3, scope="uib")
        v1.get_variable_scope().reuse_variables()
        explicit, *_ = block(images, 5, 3, scope="uib", use_explicit_padding=True)
        session.run(v1.global_variables_initializer())
        expected, actual = session.run([same, explicit])
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)


def test_drop_rates_grow_and_only_in_training():
    def drops(is_training):
        with (
            tf.Graph().as_default() as graph,
            v1_graph.placeholders(is_training),
            slim.arg_scope(mobilenet_v4.training_scope(is_training=is_training)),
        ):
            mobilenet_v4.conv_medium(v1.placeholder(tf.float32, [1, 64, 64, 3]))
            return [
                tf.get_static_value(op.inputs[1])
                for op in graph.get_operations()
                if "drop_connect/" in op.name and op.type == "GreaterEqual"
            ]

    assert drops(False) == []
    rates = drops(True)
    added = sum(
        isinstance(row, mobilenet_v4.UIB) and row.stride == 1
        for row in mobilenet_v4.CONV_MEDIUM
    )
    assert len(rates) == added
    assert rates == sorted(rates)
    assert 0 < rates[0] < rates[-1] < 0.075
