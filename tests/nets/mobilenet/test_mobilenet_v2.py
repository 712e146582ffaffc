"""MobileNet v2: its table, and what is particular to it."""

import copy

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets.mobilenet import conv_blocks, mobilenet, mobilenet_v2
from tests import filled, v1_graph
from tests.goldens import fill


def placeholder(*shape):
    return tf.compat.v1.placeholder(tf.float32, shape)


def depths(**arguments):
    """Returns the channels of layer 1, 2, ... and of the logits."""
    with tf.Graph().as_default(), v1_graph.placeholders():
        _, end_points = mobilenet_v2.mobilenet(placeholder(1, 32, 32, 3), **arguments)
    names = [*(f"layer_{i}" for i in range(1, 20)), "Logits"]
    return [end_points[name].shape[-1] for name in names]


def test_the_table_spells_out_the_papers_blocks():
    first, *blocks, last = mobilenet_v2.V2_DEF["spec"]
    assert (first.params["num_outputs"], last.params["num_outputs"]) == (32, 1280)
    assert [(b.params["num_outputs"], b.params["stride"]) for b in blocks] == [
        (16, 1),
        *[(24, 2), (24, 1)],
        *[(32, 2), (32, 1), (32, 1)],
        *[(64, 2), (64, 1), (64, 1), (64, 1)],
        *[(96, 1), (96, 1), (96, 1)],
        *[(160, 2), (160, 1), (160, 1)],
        (320, 1),
    ]


@pytest.mark.parametrize(
    ("size", "use_explicit_padding"), [(65, False), (65, True), (80, True)]
)
def test_dense_features_subsampled_equal_nominal_ones(size, use_explicit_padding):
    def features(output_stride):
        return mobilenet_v2.mobilenet_base(
            tf.constant(fill.images(1, size, size)),
            depth_multiplier=0.25,
            use_explicit_padding=use_explicit_padding,
            final_endpoint="layer_16",
            output_stride=output_stride,
            scope="net",
        )[0].numpy()

    with filled.variables():
        nominal = features(None)
        for output_stride in (8, 16, 32):
            dense, every = features(output_stride), 32 // output_stride
            assert dense.shape[1] == -(-size // output_stride)
            np.testing.assert_allclose(
                dense[:, ::every, ::every], nominal, atol=1e-4 * nominal.std()
            )


def test_a_thin_network_may_keep_its_last_layer():
    assert depths(depth_multiplier=0.01)[-2:] == [16, 1001]
    thin = depths(depth_multiplier=0.01, finegrain_classification_mode=True)
    assert thin == [*[8] * 18, 1280, 1001]
    wide = depths(depth_multiplier=1.4, finegrain_classification_mode=True)
    assert wide[-2:] == [1792, 1001]
    assert mobilenet_v2.V2_DEF["spec"][-1].params["num_outputs"] == 1280


def test_depths_can_be_bounded_and_divisible():
    assert set(depths(min_depth=32, divisible_by=16)) == {
        *(32, 64, 96, 160, 320, 1280),
        1001,
    }
    with slim.arg_scope([mobilenet.depth_multiplier], min_depth=32):
        assert set(depths(depth_multiplier=0.1)) == {32, 128, 1001}
        assert set(depths(depth_multiplier=0.1, min_depth=24)) == {24, 32, 128, 1001}


def test_another_activation():
    with tf.Graph().as_default() as graph, v1_graph.placeholders():
        mobilenet_v2.mobilenet(placeholder(1, 32, 32, 3), activation_fn=tf.nn.elu)
        types = {op.type for op in graph.get_operations()}
    assert "Elu" in types
    assert "Relu6" not in types


def test_overrides_of_a_table_reach_its_blocks():
    table = copy.deepcopy(mobilenet_v2.V2_DEF)
    double = conv_blocks.expand_input_by_factor(2)
    table["overrides"] = {(conv_blocks.expanded_conv,): {"expansion_size": double}}
    with tf.Graph().as_default(), v1_graph.placeholders():
        _, end_points = mobilenet_v2.mobilenet(
            placeholder(1, 32, 32, 3), conv_defs=table
        )
    assert end_points["layer_4/expansion_output"].shape[-1] == 48
    assert "layer_2/expansion_output" not in end_points


def test_the_scaled_networks():
    for network, depth in (
        (mobilenet_v2.mobilenet_v2_140, 1792),
        (mobilenet_v2.mobilenet_v2_050, 1280),
        (mobilenet_v2.mobilenet_v2_035, 1280),
    ):
        assert network.default_image_size == 224
        with tf.Graph().as_default(), v1_graph.placeholders():
            features, _ = network(placeholder(1, 32, 32, 3), num_classes=None)
        assert features.shape == [1, 1, 1, depth]


def test_the_familys_name_for_the_multiplier_is_refused():
    with pytest.raises(errors.InputError, match="takes depth_multiplier"):
        mobilenet_v2.mobilenet(tf.zeros([1, 32, 32, 3]), multiplier=0.5)


def test_training_is_what_the_scope_says():
    with tf.Graph().as_default():
        images = placeholder(1, 32, 32, 3)
        mobilenet_v2.mobilenet(images)
        updates = tf.compat.v1.GraphKeys.UPDATE_OPS
        assert not tf.compat.v1.get_collection(updates)
        with slim.arg_scope(mobilenet_v2.training_scope()):
            mobilenet_v2.mobilenet(images, reuse=True)
        assert len(tf.compat.v1.get_collection(updates)) == 2 * 52
