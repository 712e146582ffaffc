"""The blocks of the MobileNet family."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets.mobilenet import conv_blocks
from tests import v1_graph
from tests.goldens import fill

NETS = fill.images(2, 9, 8, 16)


def ran(function, *arguments, **named):
    """Returns a block's result, its end points and shapes of its variables."""
    endpoints = {}
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        net = function(tf.constant(NETS), *arguments, **named, endpoints=endpoints)
        v1_graph.initialize(session, fill.weight)
        shapes = {n: v.shape.as_list() for n, v in v1_graph.all_variables().items()}
        return *session.run([net, endpoints]), shapes


@pytest.mark.parametrize(
    ("depth", "divisor", "least", "expected"),
    [
        (32, 8, None, 32),
        (35, 8, None, 32),
        (36, 8, None, 40),
        (3, 8, None, 8),
        (3, 8, 16, 16),
        (11, 8, None, 16),  # 8 would lose more than a tenth
        (33.6, 1, 1, 34),
        (44.8, 8, 8, 48),
    ],
)
def test_depths_are_rounded_but_never_by_a_tenth_down(depth, divisor, least, expected):
    rounded = conv_blocks.make_divisible(depth, divisor, least)
    assert rounded == expected
    assert type(rounded) is int


def test_a_block_expands_filters_projects_and_adds_its_input():
    net, endpoints, shapes = ran(
        conv_blocks.expanded_conv, 16, project_activation_fn=tf.zeros_like
    )
    assert {name: shape for name, shape in shapes.items() if "biases" not in name} == {
        "expanded_conv/expand/weights": [1, 1, 16, 96],
        "expanded_conv/depthwise/depthwise_weights": [3, 3, 96, 1],
        "expanded_conv/project/weights": [1, 1, 96, 16],
    }
    assert list(endpoints) == [
        "expansion_output",
        "depthwise_output",
        "projection_output",
    ]
    np.testing.assert_array_equal(net, NETS)


@pytest.mark.parametrize(
    "arguments",
    [{"residual": False}, {"stride": 2}, {"num_outputs": 24}],
    ids=["asked not to", "stride", "depth"],
)
def test_there_is_no_sum_where_it_is_not_wanted_or_fits(arguments):
    net, _, _ = ran(
        conv_blocks.expanded_conv,
        **{"num_outputs": 16, "project_activation_fn": tf.zeros_like, **arguments},
    )
    assert not net.any()


def test_the_sum_can_be_another_function():
    net, _, _ = ran(
        conv_blocks.expanded_conv,
        16,
        project_activation_fn=tf.zeros_like,
        residual=lambda input_tensor, output_tensor: output_tensor - input_tensor,
    )
    np.testing.assert_array_equal(net, -NETS)


@pytest.mark.parametrize(
    ("location", "channels", "end_points"),
    [
        ("input", 16, ["depthwise_output", "expansion_output", "projection_output"]),
        (
            "expansion",
            96,
            ["expansion_output", "depthwise_output", "projection_output"],
        ),
        ("output", 24, ["expansion_output", "projection_output", "depthwise_output"]),
        (None, None, ["expansion_output", "projection_output"]),
    ],
)
def test_the_depthwise_convolution_can_be_elsewhere(location, channels, end_points):
    net, endpoints, shapes = ran(
        conv_blocks.expanded_conv, 24, depthwise_location=location
    )
    assert net.shape == (2, 9, 8, 24)
    assert list(endpoints) == end_points
    weights = shapes.get("expanded_conv/depthwise/depthwise_weights")
    assert weights == (channels and [3, 3, channels, 1])


def test_a_block_of_expansion_one_does_not_expand():
    _, endpoints, shapes = ran(conv_blocks.expanded_conv, 24, expansion_size=16)
    assert list(endpoints) == ["depthwise_output", "projection_output"]
    assert "expanded_conv/expand/weights" not in shapes


def test_the_expansion_can_be_another_convolution_and_transformed():
    """As in MobileNet v3: fused expansion, squeeze and excite before projection."""
    calls = []

    def transform(expansion_tensor, input_tensor):
        calls.append((expansion_tensor.shape[-1], input_tensor.shape[-1]))
        return conv_blocks.squeeze_excite(expansion_tensor, squeeze_factor=4)

    _, endpoints, shapes = ran(
        conv_blocks.expanded_conv,
        24,
        expansion_fn=lambda net, depth, **arguments: slim.conv2d(
            net, depth, 3, stride=2, **arguments
        ),
        expansion_transform=transform,
        depthwise_location=None,
        stride=2,
    )
    assert calls == [(96, 16)]
    assert endpoints["expansion_output"].shape == (2, 5, 4, 96)
    assert shapes["expanded_conv/expand/weights"] == [3, 3, 16, 96]
    assert shapes["expanded_conv/squeeze_excite/Conv/weights"] == [1, 1, 96, 24]
    assert shapes["expanded_conv/squeeze_excite/Conv_1/weights"] == [1, 1, 24, 96]


@pytest.mark.parametrize(
    ("arguments", "expansion", "depthwise"),
    [
        ({}, "Relu", "Relu"),
        ({"inner_activation_fn": tf.nn.elu}, "Elu", "Elu"),
        ({"depthwise_activation_fn": tf.nn.elu}, "Relu", "Elu"),
        (
            {"inner_activation_fn": tf.nn.elu, "depthwise_activation_fn": tf.nn.selu},
            "Elu",
            "Selu",
        ),
    ],
)
def test_activations_inside(arguments, expansion, depthwise):
    endpoints = {}
    with tf.Graph().as_default():
        conv_blocks.expanded_conv(
            tf.constant(NETS), 16, endpoints=endpoints, **arguments
        )
    activations = {name: t.op.inputs[0].op.type for name, t in endpoints.items()}
    assert activations["expansion_output"] == expansion
    assert activations["depthwise_output"] == depthwise


@pytest.mark.parametrize("rate", [1, 2])
def test_explicit_padding_equals_same_padding_without_a_stride(rate):
    same, _, _ = ran(conv_blocks.expanded_conv, 24, rate=rate)
    explicit, _, _ = ran(
        conv_blocks.expanded_conv, 24, rate=rate, use_explicit_padding=True
    )
    np.testing.assert_allclose(explicit, same, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depthwise_location": "middle"}, "depthwise_location must not be 'middle'"),
        ({"use_explicit_padding": True, "padding": "VALID"}, "needs padding='SAME'"),
    ],
)
def test_what_a_block_refuses(arguments, message):
    with pytest.raises(TypeError, match=message):
        conv_blocks.expanded_conv(tf.constant(NETS), 24, **arguments)


def test_groups_see_their_own_channels_alone():
    _, _, shapes = ran(conv_blocks.expanded_conv, 24, split_expansion=2)
    assert shapes["expanded_conv/expand_part_0/weights"] == [1, 1, 8, 48]
    assert shapes["expanded_conv/expand_part_1/weights"] == [1, 1, 8, 48]
    _, _, shapes = ran(conv_blocks.expanded_conv, 24, split_projection=2)
    assert shapes["expanded_conv/project_part_0/weights"] == [1, 1, 48, 16]
    assert shapes["expanded_conv/project_part_1/weights"] == [1, 1, 48, 8]


def test_groups_too_small_or_uneven():
    _, _, shapes = ran(conv_blocks.expanded_conv, 24, split_expansion=4)
    assert "expanded_conv/expand/weights" in shapes
    with pytest.raises(errors.InputError, match="100 channels do not divide into 2"):
        ran(conv_blocks.expanded_conv, 24, split_expansion=2, expansion_size=100)


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (None, ["separable/depthwise", "separable/pointwise"]),
        ("Conv2d_1", ["Conv2d_1_depthwise", "Conv2d_1_pointwise"]),
    ],
)
@pytest.mark.parametrize("use_explicit_padding", [False, True])
def test_the_first_versions_block(scope, names, use_explicit_padding):
    net, endpoints, shapes = ran(
        conv_blocks.split_separable_conv2d,
        24,
        scope=scope,
        stride=2,
        use_explicit_padding=use_explicit_padding,
    )
    assert net.shape == (2, 5, 4, 24)
    assert list(dict.fromkeys(name.rsplit("/", 1)[0] for name in shapes)) == names
    assert list(endpoints) == [name.removeprefix("separable/") for name in names]


def test_squeeze_excite_weighs_channels_by_the_image():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        whole = conv_blocks.squeeze_excite(tf.constant(NETS))
        tf.compat.v1.get_variable_scope().reuse_variables()
        windows = conv_blocks.squeeze_excite(tf.constant(NETS), pool=4)
        v1_graph.initialize(session, fill.weight)
        whole, windows = (gated / NETS for gated in session.run([whole, windows]))
    assert ((whole > 0) & (whole < 1)).all()
    assert np.ptp(whole, axis=(1, 2)).max() < 1e-4
    assert np.ptp(windows, axis=(1, 2)).max() > 1e-3


def test_squeeze_excite_by_another_tensor_and_gate():
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [None, None, None, 16])
        source = tf.compat.v1.placeholder(tf.float32, [None, None, None, 24])
        net = conv_blocks.squeeze_excite(
            images, squeeze_input_tensor=source, gating_fn=tf.nn.relu6, divisible_by=1
        )
        shapes = [v.shape.as_list() for v in v1_graph.all_variables().values()]
    assert net.shape.as_list() == [None, None, None, 16]
    assert shapes == [[1, 1, 24, 8], [8], [1, 1, 8, 16], [16]]


def test_squeeze_excite_by_windows_needs_a_known_size():
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [1, None, 8, 16])
        with pytest.raises(errors.InputError, match="known height and width"):
            conv_blocks.squeeze_excite(images, pool=4)
