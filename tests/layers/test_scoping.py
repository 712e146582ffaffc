"""Scope keys, collections and names shared by the layers."""

import numpy as np
import pytest
import tensorflow as tf
import tf_slim

from slimnets import slim
from slimnets.layers import scoping
from slimnets.mended import modules
from tests.layers import graphs

v1 = tf.compat.v1

REPLACED = sorted(modules.OWN_LAYERS.keys() - {"elu", "linear", "relu", "relu6"})


@pytest.mark.parametrize("name", REPLACED)
def test_our_layers_answer_to_tf_slims_scopes(name):
    ours, theirs = getattr(slim, name), getattr(tf_slim, name)
    assert ours is not theirs
    assert slim.arg_scope_func_key(ours) == slim.arg_scope_func_key(theirs)
    assert slim.has_arg_scope(ours)


def test_stands_for_takes_the_key_of_another_layer():
    @scoping.stands_for(tf_slim.conv2d)
    def layer(inputs, stride=1):
        """Says its stride."""
        return stride

    assert layer(None) == 1
    with slim.arg_scope([tf_slim.conv2d], stride=7):
        assert layer(None) == 7
        assert layer(None, stride=2) == 2
    assert layer(None) == 1
    assert layer.__doc__ == "Says its stride."


def test_collected_in_a_dict_by_the_scopes_name():
    ends = {}
    tensor = tf.ones([2])
    assert scoping.collect_outputs(ends, "net/conv1/", tensor) is tensor
    assert ends == {"net/conv1": tensor}


@pytest.mark.parametrize("collections", ["ends", ["ends", "more"]])
def test_collected_in_graph_collections(collections):
    with tf.Graph().as_default():
        tensor = tf.ones([2])
        assert scoping.collect_outputs(collections, "net/conv1", tensor) is tensor
        assert v1.get_collection("ends") == [tensor]
        assert v1.get_collection("more") == [tensor] * (collections != "ends")
        ends = slim.utils.convert_collection_to_dict("ends")
        assert list(ends) == ["net/conv1"]


def test_collected_nowhere():
    with tf.Graph().as_default() as graph:
        tensor = tf.ones([2])
        assert scoping.collect_outputs(None, "net/conv1", tensor) is tensor
        assert not graph.get_all_collection_keys()


def test_collections_for():
    assert scoping.select_collections(None, "weights") is None
    assert scoping.select_collections(["a"], "weights") == ["a"]
    assert scoping.select_collections({"weights": ["a"]}, "weights") == ["a"]
    assert scoping.select_collections({"weights": ["a"]}, "biases") is None


@pytest.mark.parametrize(
    ("value", "expected"), [(3, (3, 3)), ([1, 2], (1, 2)), ((4, 5), (4, 5))]
)
def test_pair(value, expected):
    assert scoping.to_pair(value) == expected


@pytest.mark.parametrize("value", [[1], (1, 2, 3)])
def test_pair_of_another_length_is_an_error(value):
    with pytest.raises(ValueError, match="pair"):
        scoping.to_pair(value)


@pytest.mark.parametrize(
    "value", [32, 64 / 2, np.int64(32), np.float32(32), v1.Dimension(32)]
)
def test_whole_number(value):
    assert scoping.to_whole_number("number", value) == 32
    assert type(scoping.to_whole_number("number", value)) is int
    assert scoping.to_pair(value) == (32, 32)


@pytest.mark.parametrize("value", [2.5, None, "3", [3], float("inf")])
def test_what_stands_for_no_whole_number(value):
    with pytest.raises(ValueError, match="number must be a whole number"):
        scoping.to_whole_number("number", value)


@pytest.mark.parametrize("padding", ["same", "Same", "SAME"])
def test_padding_in_any_case(padding):
    assert scoping.check_padding(padding) == "SAME"
    with pytest.raises(ValueError, match="SAME or VALID, not 'full'"):
        scoping.check_padding("full")


def test_data_format():
    assert scoping.check_data_format(None) == "NHWC"
    assert scoping.check_data_format("NCHW") == "NCHW"
    with pytest.raises(ValueError, match="'NHCW'"):
        scoping.check_data_format("NHCW")


def test_channels():
    images = tf.zeros([2, 3, 4, 5])
    assert scoping.get_channels(images, "NHWC") == 5
    assert scoping.get_channels(images, "NCHW") == 3


@pytest.mark.parametrize("shape", [None, [], [2, 3, 4, None]])
def test_undefined_channels_are_an_error(shape):
    with tf.Graph().as_default(), pytest.raises(ValueError, match="set_shape"):
        scoping.get_channels(v1.placeholder(tf.float32, shape), "NHWC")


@pytest.mark.parametrize("value", [True, False])
def test_constant_bool(value):
    assert scoping.get_constant_bool(value) is value
    assert scoping.get_constant_bool(np.bool_(value)) is value
    assert scoping.get_constant_bool(tf.constant(value)) is value
    with tf.Graph().as_default():
        assert scoping.get_constant_bool(tf.constant(value)) is value
        assert scoping.get_constant_bool(v1.placeholder_with_default(value, [])) is None


def test_a_variables_value_is_not_constant():
    assert scoping.get_constant_bool(tf.Variable(True)) is None


def prelu(x):
    """Leaks by a variable, as the activation of a TF-Slim program might."""
    with v1.variable_scope("prelu"):
        slope = v1.get_variable(
            "alpha",
            [x.shape[-1]],
            initializer=v1.constant_initializer(0.25),
            constraint=tf.nn.relu,
        )
        offset = v1.get_variable("bias", [x.shape[-1]])
    return tf.maximum(x, 0.0) + slope * tf.minimum(x, 0.0) + offset


CONVOLVE = ["conv2d", "separable_conv2d"]


@pytest.mark.parametrize("layer", [*CONVOLVE, "fully_connected"])
@pytest.mark.parametrize("place", ["activation_fn", "normalizer_fn"])
@graphs.peers
def test_what_an_activation_or_a_normalizer_makes_is_a_model_variable(layer, place):
    arguments = (4, 3) if layer in CONVOLVE else (4,)
    shape = (2, 8, 8, 3) if layer in CONVOLVE else (2, 3)
    made = graphs.compare(layer, graphs.images(*shape), *arguments, **{place: prelu})
    models = made.collections[v1.GraphKeys.MODEL_VARIABLES]
    assert [name.rpartition("/")[2] for name in models][-2:] == ["alpha:0", "biases:0"]


def test_a_variable_of_an_activation_keeps_its_constraint():
    with tf.Graph().as_default():
        slim.conv2d(tf.zeros([1, 8, 8, 3]), 4, 3, activation_fn=prelu)
        (slope,) = slim.get_variables_by_suffix("alpha")
    assert slope.constraint is tf.nn.relu


@pytest.mark.parametrize(
    ("layer", "options"),
    [
        ("conv2d", {"num_outputs": 4, "kernel_size": 3}),
        ("separable_conv2d", {"num_outputs": 4, "kernel_size": 3}),
        ("fully_connected", {"num_outputs": 4}),
    ],
)
@graphs.peers
def test_losses_are_named_for_the_tower_as_tf_slims(layer, options):
    def named(library):
        with tf.Graph().as_default():
            with v1.name_scope("tower_0") as tower:
                getattr(library, layer)(
                    tf.zeros([1, 8, 8, 3]),
                    **options,
                    weights_regularizer=slim.l2_regularizer(0.1),
                    biases_regularizer=slim.l1_regularizer(0.1),
                )
            losses = v1.get_collection(v1.GraphKeys.REGULARIZATION_LOSSES, tower)
            assert losses == v1.losses.get_regularization_losses()
            return [loss.op.name for loss in losses]

    assert named(slim) == named(tf_slim)


def test_a_regularizer_of_no_weight_leaves_no_loss():
    with tf.Graph().as_default():
        slim.conv2d(
            tf.zeros([1, 8, 8, 3]), 4, 3, weights_regularizer=slim.l2_regularizer(0.0)
        )
        assert not v1.losses.get_regularization_losses()


def test_a_layer_in_a_function_alone_is_told_of_models():
    # Where another test asked for the scope eagerly, it reuses what it finds.
    v1.reset_default_graph()
    run = tf.function(lambda net: slim.conv2d(net, 2, 3, scope="again"))
    with pytest.raises(ValueError, match="again/weights exists already: outside a v1"):
        run(tf.ones([1, 4, 4, 3]))
