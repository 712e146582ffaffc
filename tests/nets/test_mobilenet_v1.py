"""MobileNet v1: what is particular to it."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import mobilenet_v1
from tests import filled, v1_graph
from tests.goldens import fill

THIN = {"depth_multiplier": 0.25, "min_depth": 4}


def placeholder(*shape):
    return tf.compat.v1.placeholder(tf.float32, shape)


def end_point_shapes(**arguments):
    with tf.Graph().as_default(), v1_graph.placeholders(training=True):
        _, end_points = mobilenet_v1.mobilenet_v1_base(
            placeholder(5, 224, 224, 3), **arguments
        )
    return {name: tensor.shape.as_list() for name, tensor in end_points.items()}


@pytest.mark.parametrize(
    ("size", "use_explicit_padding"), [(65, False), (65, True), (80, True)]
)
def test_dense_features_subsampled_equal_nominal_ones(size, use_explicit_padding):
    def features(output_stride):
        return mobilenet_v1.mobilenet_v1_base(
            tf.constant(fill.images(1, size, size)),
            output_stride=output_stride,
            use_explicit_padding=use_explicit_padding,
            scope="net",
            **THIN,
        )[0].numpy()

    scope = mobilenet_v1.mobilenet_v1_arg_scope(is_training=False)
    with filled.variables(), slim.arg_scope(scope):
        nominal = features(None)
        assert nominal.std() > 0.1
        tolerance = 1e-4 * np.abs(nominal).max()
        for output_stride in (8, 16, 32):
            dense, every = features(output_stride), 32 // output_stride
            assert dense.shape[1] == -(-size // output_stride)
            np.testing.assert_allclose(
                dense[:, ::every, ::every], nominal, atol=tolerance
            )


@pytest.mark.parametrize("output_stride", [None, 8, 16])
def test_explicit_padding_keeps_every_shape(output_stride):
    padded = end_point_shapes(output_stride=output_stride, use_explicit_padding=True)
    assert padded == end_point_shapes(output_stride=output_stride)


def test_a_base_stops_at_any_of_its_layers():
    conv_defs = mobilenet_v1.MOBILENETV1_CONV_DEFS[:4]
    names = ["Conv2d_0"]
    for i in (1, 2, 3):
        names += [f"Conv2d_{i}_depthwise", f"Conv2d_{i}_pointwise"]
    for index, name in enumerate(names):
        shapes = end_point_shapes(conv_defs=conv_defs, final_endpoint=name)
        assert list(shapes) == names[: index + 1]


def test_other_layers_can_be_given():
    conv_defs = [
        mobilenet_v1.Conv(kernel=[5, 3], stride=2, depth=8),
        mobilenet_v1.DepthSepConv(kernel=[3, 3], stride=2, depth=16),
        mobilenet_v1.Conv(kernel=[3, 3], stride=2, depth=24),
    ]
    shapes = end_point_shapes(conv_defs=conv_defs, final_endpoint="Conv2d_2")
    assert shapes["Conv2d_0"] == [5, 112, 112, 8]
    assert shapes["Conv2d_2"] == [5, 28, 28, 24]


def test_min_depth_bounds_thin_layers_below():
    shapes = end_point_shapes(depth_multiplier=0.25, min_depth=20)
    assert shapes["Conv2d_0"][-1] == 20
    assert shapes["Conv2d_2_pointwise"][-1] == 32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth_multiplier": 0.0}, "depth_multiplier must be greater than zero"),
        ({"depth_multiplier": -0.1}, "not -0.1"),
        ({"output_stride": 4}, "output_stride must be 8, 16 or 32"),
        ({"final_endpoint": "Conv2d_13"}, "unknown end point 'Conv2d_13'"),
        ({"conv_defs": [3]}, r"conv_defs\[0\] is of type int"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(errors.InputError, match=message):
        end_point_shapes(**arguments)


@pytest.mark.parametrize(
    ("size", "arguments", "logits"),
    [
        (128, {}, [2, 7]),
        (300, {"spatial_squeeze": False}, [2, 2, 2, 7]),
        (300, {"global_pool": True}, [2, 7]),
        (300, {"global_pool": True, "spatial_squeeze": False}, [2, 1, 1, 7]),
    ],
)
def test_the_window_of_pooling(size, arguments, logits):
    with tf.Graph().as_default():
        net, end_points = mobilenet_v1.mobilenet_v1(
            placeholder(2, size, size, 3), 7, **arguments
        )
    assert net.shape == logits
    pooled = "global_pool" if "global_pool" in arguments else "AvgPool_1a"
    assert list(end_points)[-3:] == [pooled, "Logits", "Predictions"]


def test_a_map_of_logits_is_not_squeezed_in_silence():
    with (
        tf.Graph().as_default(),
        pytest.raises(errors.InputError, match="2x2 logits"),
    ):
        mobilenet_v1.mobilenet_v1(placeholder(2, 300, 300, 3), 7)


def test_other_predictions():
    with tf.Graph().as_default():
        images = placeholder(2, 32, 32, 3)
        _, end_points = mobilenet_v1.mobilenet_v1(images, 7, prediction_fn=None)
        assert "Predictions" not in end_points
        _, end_points = mobilenet_v1.mobilenet_v1(
            images,
            7,
            prediction_fn=lambda logits, scope: tf.sigmoid(logits, name=scope),
            reuse=True,
        )
        assert end_points["Predictions"].op.type == "Sigmoid"


def test_thinned_networks_have_their_own_names():
    for name in ("mobilenet_v1_075", "mobilenet_v1_050", "mobilenet_v1_025"):
        network = getattr(mobilenet_v1, name)
        assert network.default_image_size == 224
        assert network.__name__ == name


def test_a_short_table_is_a_whole_network():
    with tf.Graph().as_default():
        logits, end_points = mobilenet_v1.mobilenet_v1(
            placeholder(2, 32, 32, 3),
            7,
            conv_defs=mobilenet_v1.MOBILENETV1_CONV_DEFS[:2],
            global_pool=True,
        )
    assert logits.shape == [2, 7]
    assert end_points["Conv2d_1_pointwise"].shape == [2, 16, 16, 64]
    assert end_points["global_pool"].shape == [2, 1, 1, 64]


@pytest.mark.parametrize(("regularized", "count"), [(False, 15), (True, 28)])
def test_depthwise_weights_are_regularized_only_when_asked(regularized, count):
    scope = mobilenet_v1.mobilenet_v1_arg_scope(regularize_depthwise=regularized)
    with tf.Graph().as_default(), slim.arg_scope(scope):
        mobilenet_v1.mobilenet_v1(placeholder(2, 32, 32, 3), 7, **THIN)
        assert len(tf.compat.v1.losses.get_regularization_losses()) == count


def test_an_arg_scope_can_leave_the_mode_of_batch_norm_open():
    key = slim.arg_scope_func_key(slim.batch_norm)
    assert "is_training" not in mobilenet_v1.mobilenet_v1_arg_scope(None)[key]
    assert mobilenet_v1.mobilenet_v1_arg_scope(False)[key]["is_training"] is False


def test_explicit_padding_differs_at_even_sizes_alone():
    def logits(size, use_explicit_padding):
        return mobilenet_v1.mobilenet_v1(
            tf.constant(fill.images(1, size, size)),
            3,
            is_training=False,
            use_explicit_padding=use_explicit_padding,
            scope="net",
            **THIN,
        )[0].numpy()

    with filled.variables():
        odd, even = ([logits(n, padded) for padded in (0, 1)] for n in (33, 32))
    np.testing.assert_allclose(*odd, rtol=1e-4, atol=1e-5 * np.abs(odd[0]).max())
    assert np.abs(np.diff(even, axis=0)).max() > 1e-2 * np.abs(even).max()
