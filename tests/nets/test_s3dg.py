"""S3D-G: research/slim's figures, where it looks at frames, gates, costs."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import s3dg
from tests import filled, v1_graph
from tests.goldens import fill
from tests.nets import figures

v1 = tf.compat.v1


def videos(frames: int, height: int, width: int) -> tf.Tensor:
    """Returns one video, float32 [1, frames, height, width, 3]."""
    return tf.constant(fill.images(frames, height, width)[None])


def names_of(**arguments: object) -> list[str]:
    """Returns the variables of the features of a small video."""
    with tf.Graph().as_default(), v1_graph.placeholders() as shapes:
        video = v1.placeholder(tf.float32, [1, 4, 32, 32, 3])
        with (
            slim.arg_scope(s3dg.s3dg_arg_scope()),
            slim.arg_scope([slim.batch_norm], is_training=False),
        ):
            s3dg.s3dg_base(video, **arguments)
        return list(shapes)


def test_variables_and_numbers_are_research_slims():
    with slim.arg_scope(s3dg.s3dg_arg_scope()):
        found = figures.take(lambda: s3dg.s3dg(videos(9, 64, 64), 7, is_training=False))
    assert found[:3] == (453807952, 305, 191)
    expected = [0.04260685, -0.04491413, -0.19345, 0.1016318]
    np.testing.assert_allclose(found.net[0, :4], expected, 1e-3)
    found.assert_norms(
        {
            "Conv2d_1a_7x7": 317.0023,
            "MaxPool_2a_3x3": 352.6597,
            "Conv2d_2b_1x1": 421.619,
            "Conv2d_2c_3x3": 357.9279,
            "MaxPool_3a_3x3": 254.7302,
            "Mixed_3b": 220.4654,
            "Mixed_3c": 213.3108,
            "MaxPool_4a_3x3": 115.8138,
            "Mixed_4b": 63.45547,
            "Mixed_4c": 29.10929,
            "Mixed_4d": 17.96433,
            "Mixed_4e": 13.10736,
            "Mixed_4f": 15.39913,
            "MaxPool_5a_2x2": 7.902334,
            "Mixed_5b": 5.721163,
            "Mixed_5c": 5.855482,
            "Logits": 0.3288287,
            "Predictions": 0.3801468,
        }
    )


def test_its_row_has_its_costs():
    (row,) = s3dg.NETWORKS
    costs = figures.count_costs(row, [1, 64, 224, 224, 3])
    assert costs == (row.parameters, row.multiply_adds)


def test_it_looks_at_frames_and_gates_from_the_rows_that_are_named():
    arguments = {"final_endpoint": "Mixed_3c", "depth_multiplier": 0.1}
    names = names_of(
        temporal_conv_startat="Mixed_3c", gating_startat="Mixed_3b", **arguments
    )
    in_time = {name for name in names if "/temporal/" in name}
    assert {name.split("/")[1] for name in in_time} == {"Mixed_3c"}
    gates = [name for name in names if "self_gating" in name]
    assert len(gates) == 8  # of four branches of two modules
    assert {name.split("/")[1] for name in gates} == {"Mixed_3b", "Mixed_3c"}
    plain = names_of(temporal_conv_startat=None, gating_startat=None, **arguments)
    assert plain == [n for n in names if "temporal" not in n and "gating" not in n]


def test_it_begins_as_a_network_of_single_frames():
    """A temporal convolution's first kernel hands on the frame that it is at."""
    variables = filled.Variables()
    arguments = {"gating_startat": None, "final_endpoint": "Conv2d_2c_3x3"}
    video = videos(5, 16, 16)
    with slim.arg_scope(s3dg.s3dg_arg_scope()):
        outputs = []
        for start in (None, "Conv2d_2c_3x3"):
            model = v1.variable_scope(
                "", reuse=v1.AUTO_REUSE, custom_getter=initial_or(variables)
            )
            with model, slim.arg_scope([slim.batch_norm], is_training=False):
                net, _ = s3dg.s3dg_base(video, temporal_conv_startat=start, **arguments)
            outputs.append(net)
    np.testing.assert_allclose(*outputs, rtol=1e-5)
    assert any("/temporal/" in name for name in variables)


def initial_or(variables: filled.Variables) -> Callable[..., tf.Variable]:
    """Returns a getter of filled variables; temporal ones have their first values."""

    def get(getter, name, shape, initializer=None, **options):
        if "/temporal/" not in name:
            return variables.get(getter, name, shape, **options)
        return variables.setdefault(name, tf.Variable(initializer(shape)))

    return get


def test_a_gate_weighs_channels_alike_in_all_of_a_video():
    features = tf.random.uniform([2, 3, 4, 6, 5], 1, 2)
    with filled.variables() as variables:
        gated = s3dg.self_gating(features, "conv")
    assert list(variables) == ["conv/self_gating/transformer_W/weights"]
    (weights,) = variables.values()
    means = np.mean(features, (1, 2, 3))
    expected = tf.sigmoid(means @ weights[0, 0, 0])[:, None, None, None]
    np.testing.assert_allclose(gated, features * expected, 1e-5)


def test_gates_take_videos_of_unknown_and_unequal_sizes():
    with tf.Graph().as_default(), v1_graph.placeholders():
        video = v1.placeholder(tf.float32, [None, None, 48, None, 3])
        logits, _ = s3dg.s3dg(video, 5, is_training=False, spatial_squeeze=False)
    assert logits.shape.as_list()[-1] == 5


def test_gradients_reach_every_layer_in_training():
    video = tf.random.uniform([2, 5, 32, 32, 3])
    arguments = {"depth_multiplier": 0.1, "min_depth": 4, "final_endpoint": "Mixed_3b"}
    with slim.arg_scope(s3dg.s3dg_arg_scope()), filled.variables() as variables:
        with tf.GradientTape() as tape:
            logits, _ = s3dg.s3dg(video, 3, is_training=True, **arguments)
        trained = {name: v for name, v in variables.items() if v.trainable}
        gradients = tape.gradient(logits, trained)
    assert len(trained) == 31
    assert [name for name, gradient in gradients.items() if gradient is None] == []
    averages = variables["InceptionV1/Conv2d_1a_7x7/BatchNorm/moving_mean"]
    before = fill.weight(averages.name.removesuffix(":0"), averages.shape)
    assert np.any(averages != before)


@pytest.mark.parametrize("num_classes", [None, 0])
def test_features_are_the_mean_over_time(num_classes):
    with tf.Graph().as_default(), v1_graph.placeholders():
        video = v1.placeholder(tf.float32, [2, 16, 224, 224, 3])
        net, end_points = s3dg.s3dg(video, num_classes, final_endpoint="Mixed_3b")
    assert net.shape.as_list() == [2, 22, 22, 256]
    assert list(end_points)[-1] == "Mixed_3b"


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ([2, 32, 32, 3], {}, r"^inputs must have rank 5 .*, not 4$"),
        ([1, 4, 32, 32, 3], {"data_format": "NHWC"}, "^unknown data_format 'NHWC'"),
        (
            [1, 4, 32, 32, 3],
            {"first_temporal_kernel_size": 2},
            "^first_temporal_kernel_size can only be 1, 3, 5 or 7, not 2$",
        ),
        (
            [1, 4, 32, 32, 3],
            {"gating_startat": "Mixed_3a"},
            "^unknown row to start at 'Mixed_3a'; did you mean Mixed_3",
        ),
        (
            [1, 4, 32, 32, 3],
            {"temporal_conv_startat": "Conv2d_1a_7x7"},
            "^unknown row to start at 'Conv2d_1a_7x7'",
        ),
        ([1, 4, 32, 32, 3], {"depth_multiplier": 0}, "^depth_multiplier must be"),
        ([1, 4, 32, 32, 3], {"final_endpoint": "Mixed_5d"}, "^unknown end point"),
    ],
)
def test_what_it_cannot_take_is_said_in_one_line(shape, arguments, message):
    with (
        tf.Graph().as_default(),
        v1_graph.placeholders(),
        pytest.raises(errors.InputError, match=message),
    ):
        s3dg.s3dg_base(v1.placeholder(tf.float32, shape), **arguments)
