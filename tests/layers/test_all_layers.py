"""What every layer of slimnets.slim with variables promises."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import slim
from tests import v1_graph
from tests.layers import graphs

v1 = tf.compat.v1
IMAGES = graphs.images(2, 6, 6, 4)
SEQUENCE = graphs.images(2, 6, 4)
VOLUME = graphs.images(2, 4, 4, 4, 2)
FILTERS = {"num_outputs": 4, "kernel_size": 3}
LAYERS = {
    "batch_norm": (IMAGES, {}),
    "conv1d": (SEQUENCE, FILTERS),
    "conv2d": (IMAGES, FILTERS),
    "conv2d_in_plane": (IMAGES, {"kernel_size": 3}),
    "conv2d_transpose": (IMAGES, FILTERS),
    "conv3d": (VOLUME, FILTERS),
    "conv3d_transpose": (VOLUME, FILTERS),
    "convolution": (SEQUENCE, FILTERS),
    "fully_connected": (IMAGES, {"num_outputs": 4}),
    "grouped_conv2d": (IMAGES, {**FILTERS, "groups": 2}),
    "layer_norm": (IMAGES, {}),
    "separable_conv2d": (IMAGES, FILTERS),
}
WITHOUT_VARIABLES = {
    "avg_pool2d": (IMAGES, {"kernel_size": 2}),
    "avg_pool3d": (VOLUME, {"kernel_size": 2}),
    "dropout": (IMAGES, {}),
    "flatten": (IMAGES, {}),
    "max_pool2d": (IMAGES, {"kernel_size": 2}),
    "max_pool3d": (VOLUME, {"kernel_size": 2}),
}
# tf_slim's own, which stand beside ours.
TF_SLIMS = {
    "gdn": (IMAGES, {}),
    "instance_norm": (IMAGES, {}),
    "group_norm": (IMAGES, {"groups": 2}),
}
NORMS = ("batch_norm", "layer_norm")


def build(name: str, **options) -> tf.Tensor:
    inputs, arguments = (LAYERS | WITHOUT_VARIABLES | TF_SLIMS)[name]
    return getattr(slim, name)(tf.constant(inputs), **arguments, **options)


@graphs.peers
@pytest.mark.parametrize("name", [*LAYERS, *WITHOUT_VARIABLES, *TF_SLIMS])
def test_a_program_without_v2_behavior_runs_it(name):
    with (
        v1_graph.without_v2_behavior(),
        tf.Graph().as_default(),
        v1.Session() as session,
    ):
        net = build(name)
        updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
        gradients = tf.gradients(net, v1.trainable_variables())
        session.run(v1.global_variables_initializer())
        values, *_ = session.run([net, gradients, updates])
    assert list(values.shape) == net.shape.as_list()
    assert np.isfinite(values).all()


@pytest.mark.parametrize("name", sorted(LAYERS.keys() - set(NORMS)))
def test_channels_that_are_unknown_are_named_without_v2_behavior(name):
    inputs, arguments = LAYERS[name]
    with (
        v1_graph.without_v2_behavior(),
        tf.Graph().as_default(),
        pytest.raises(ValueError, match="undefined channels"),
    ):
        unknown = v1.placeholder(tf.float32, [*inputs.shape[:-1], None])
        getattr(slim, name)(unknown, **arguments)


@pytest.mark.parametrize("name", sorted(LAYERS.keys() - set(NORMS)))
def test_the_getter_around_learns_the_regularizers(name):
    regularizers = {"weights": slim.l2_regularizer(0.1), "biases": lambda w: None}
    asked = {}

    def record(getter, name, *args, regularizer=None, **options):
        asked[name] = regularizer
        return tf.Variable(tf.ones(options["shape"], options["dtype"]))

    with v1.variable_scope("", custom_getter=record):
        build(
            name,
            scope="layer",
            **{f"{of}_regularizer": by for of, by in regularizers.items()},
        )
    assert asked.pop("layer/biases") is regularizers["biases"]
    assert set(asked.values()) == {regularizers["weights"]}


@pytest.mark.parametrize("name", LAYERS)
def test_losses_lie_in_the_scope_of_the_tower(name):
    with tf.Graph().as_default():
        by = slim.l2_regularizer(0.1)
        if name == "batch_norm":
            options = {"param_regularizers": {"beta": by}}
        else:
            options = {} if name in NORMS else {"weights_regularizer": by}
        with v1.name_scope("tower") as tower:
            build(name, **options)
        found = v1.get_collection(v1.GraphKeys.REGULARIZATION_LOSSES, tower)
        assert bool(found) == bool(options)
        assert found == v1.losses.get_regularization_losses()


@pytest.mark.parametrize("name", LAYERS)
def test_variables_are_model_variables(name):
    with tf.Graph().as_default():
        build(name)
        assert slim.get_model_variables() == v1.global_variables()
        assert slim.get_model_variables()
