"""The interpreter of MobileNet tables, on a short one."""

import functools

import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets.mobilenet import conv_blocks, mobilenet

op = mobilenet.op
TABLE = {
    "defaults": {(slim.conv2d, slim.separable_conv2d): {"padding": "SAME"}},
    "spec": [
        op(slim.conv2d, stride=2, num_outputs=16, kernel_size=[3, 3]),
        op(conv_blocks.expanded_conv, stride=2, num_outputs=24),
        op(slim.max_pool2d, stride=1, kernel_size=1),
        op(conv_blocks.expanded_conv, stride=2, num_outputs=24),
        op(conv_blocks.expanded_conv, stride=1, num_outputs=24),
        op(slim.conv2d, stride=1, num_outputs=32, kernel_size=[1, 1]),
    ],
}
LAYERS = [f"layer_{i}" for i in range(1, 7)]


def base(*shape, **arguments):
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, shape or (2, 32, 32, 3))
        return mobilenet.mobilenet_base(images, TABLE, **arguments)


def network(*shape, **arguments):
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, shape)
        return mobilenet.mobilenet(images, 5, conv_defs=TABLE, **arguments)


def test_end_points_are_layers_and_then_what_is_inside_blocks():
    net, end_points = base()
    parts = ("expansion_output", "depthwise_output", "output")
    inside = [f"layer_{i}/{part}" for i in (2, 4, 5) for part in parts]
    assert list(end_points) == LAYERS + inside
    assert end_points["layer_6"] is net
    assert end_points["layer_2/output"] is end_points["layer_2"]


@pytest.mark.parametrize("count", range(1, 7))
def test_a_base_stops_at_any_of_its_layers(count):
    net, end_points = base(final_endpoint=LAYERS[count - 1])
    assert list(end_points)[:count] == LAYERS[:count]
    assert not set(LAYERS[count:]) & set(end_points)
    assert end_points[LAYERS[count - 1]] is net


@pytest.mark.parametrize("use_explicit_padding", [False, True])
@pytest.mark.parametrize(
    ("output_stride", "size"), [(None, 4), (8, 4), (4, 8), (2, 16), (1, 32)]
)
def test_output_stride_bounds_the_stride(output_stride, size, use_explicit_padding):
    net, _ = base(
        output_stride=output_stride,
        use_explicit_padding=use_explicit_padding,
        final_endpoint="layer_2" if output_stride == 1 else None,
    )
    assert net.shape[1:3] == [size, size]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"multiplier": 0}, "multiplier must be greater than zero"),
        ({"output_stride": 0}, "None, 1 or a multiple of 2, not 0"),
        ({"output_stride": 3}, "None, 1 or a multiple of 2, not 3"),
        ({"output_stride": 6}, "cannot be reached"),
        ({"final_endpoint": "layer_7"}, "unknown end point 'layer_7'"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(errors.InputError, match=message):
        base(**arguments)


def test_a_layer_may_scale_its_depth_by_its_own_rule():
    def inverse(params, multiplier):
        params["num_outputs"] = int(params["num_outputs"] / multiplier)

    table = TABLE | {
        "spec": [
            op(slim.conv2d, inverse, num_outputs=16, kernel_size=3),
            *TABLE["spec"][1:2],
        ]
    }
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [2, 32, 32, 3])
        _, end_points = mobilenet.mobilenet_base(images, table, multiplier=0.1)
    assert end_points["layer_1"].shape == [2, 32, 32, 160]
    assert end_points["layer_2"].shape == [2, 16, 16, 8]
    assert table["spec"][0].params["num_outputs"] == 16


def own_convolution(net, num_outputs, **arguments):
    return slim.conv2d(net, num_outputs, **arguments)


def own_layer(net, stride, use_explicit_padding=False):
    assert stride == 1
    return net + 1 if use_explicit_padding else net


@conv_blocks.block
def own_block(net, stride, kernel_size, use_explicit_padding=False, endpoints=None):
    endpoints["inside"] = net + 1
    return slim.max_pool2d(
        net, kernel_size, stride, "VALID" if use_explicit_padding else "SAME"
    )


@pytest.mark.parametrize("use_explicit_padding", [False, True])
def test_a_table_may_have_functions_of_ones_own(use_explicit_padding):
    wide = functools.partial(conv_blocks.expanded_conv, expansion_size=32)
    table = TABLE | {
        "spec": [
            op(own_convolution, stride=2, num_outputs=16, kernel_size=5),
            op(own_layer, stride=1),
            op(own_block, stride=2, kernel_size=3),
            op(wide, stride=2, num_outputs=24, kernel_size=(5, 5)),
        ]
    }
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [2, 32, 32, 3])
        _, end_points = mobilenet.mobilenet_base(
            images, table, use_explicit_padding=use_explicit_padding
        )
    assert end_points["layer_1"].shape == [2, 16, 16, 16]
    told = end_points["layer_2"] is not end_points["layer_1"]
    assert told == use_explicit_padding
    # A block pads inside: this one does not, and loses a pixel.
    size = 7 if use_explicit_padding else 8
    assert end_points["layer_3"].shape == [2, size, size, 16]
    assert end_points["layer_3/inside"].shape == [2, 16, 16, 16]
    assert end_points["layer_4"].shape == [2, 4, 4, 24]
    assert end_points["layer_4/expansion_output"].shape[-1] == 32


@pytest.mark.parametrize("use_reduce_mean_for_pooling", [False, True])
@pytest.mark.parametrize("size", [(33, 47), (None, None), (None, 47)])
def test_any_image_is_pooled_to_one_pixel(size, use_reduce_mean_for_pooling):
    logits, end_points = network(
        *(None, *size, 3), use_reduce_mean_for_pooling=use_reduce_mean_for_pooling
    )
    assert end_points["global_pool"].shape.as_list() == [None, 1, 1, 32]
    assert logits.shape.as_list() == [None, 5]


def test_ways_of_pooling_agree():
    features = tf.random.normal([2, 5, 4, 8])
    mean = tf.reduce_mean(features, [1, 2], keepdims=True)
    tf.debugging.assert_near(mobilenet.global_pool(features), mean)
    tf.debugging.assert_near(mobilenet.global_pool(features, True), mean)
    largest = tf.reduce_max(features, [1, 2], keepdims=True)
    pooled = mobilenet.global_pool(features, pool_op=tf.nn.max_pool2d)
    tf.debugging.assert_near(pooled, largest)


def test_only_the_base_can_be_had():
    net, end_points = network(2, 32, 32, 3, base_only=True)
    assert net is end_points["layer_6"]
    assert "global_pool" not in end_points


def test_predictions_can_be_left_out():
    _, end_points = network(2, 32, 32, 3, prediction_fn=None)
    assert list(end_points)[-2:] == ["global_pool", "Logits"]


def test_images_without_a_batch_are_refused():
    with pytest.raises(ValueError, match="rank 4"):
        network(32, 32, 3)


def test_the_training_scope_sets_what_is_not_none():
    batch_norm, dropout, conv2d = map(
        slim.arg_scope_func_key, (slim.batch_norm, slim.dropout, slim.conv2d)
    )
    scope = mobilenet.training_scope()
    assert scope[batch_norm] == {"decay": 0.997, "is_training": True}
    assert scope[dropout] == {"keep_prob": 0.8, "is_training": True}
    scope = mobilenet.training_scope(
        is_training=None, bn_decay=None, dropout_keep_prob=None, stddev=-1
    )
    assert batch_norm not in scope
    assert dropout not in scope
    assert type(scope[conv2d]["weights_initializer"]) is not type(
        mobilenet.training_scope()[conv2d]["weights_initializer"]
    )
