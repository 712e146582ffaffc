"""What every network promises, each property once over the whole registry."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.nets import registry
from slimnets.runtime.model import Model
from tests import tiny, v1_graph
from tests.goldens import fill

NETWORKS = [name for name in registry.list_networks() if name not in tiny.LIKE]


def placeholder(name: str, height_and_width: list[int | None]) -> tf.Tensor:
    shape = [None, *height_and_width, registry.get_row(name).channels]
    return tf.compat.v1.placeholder(tf.float32, shape)


def tiny_images(name: str) -> np.ndarray:
    size = tiny.image_size(name)
    return fill.images(2, size, size, registry.get_row(name).channels)


def test_the_networks_left_out_and_those_they_resemble_are_registered():
    assert set(tiny.LIKE) <= set(registry.list_networks())
    assert set(tiny.LIKE.values()) <= set(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_graph_a_function_and_an_eager_call_agree(name):
    images = tiny_images(name)
    model = Model(name, 5, image_size=tiny.image_size(name))
    weights = {key: value.numpy() for key, value in model.variables_by_name.items()}
    eager, eager_end_points = model(tf.constant(images))
    traced, traced_end_points = tf.function(model, autograph=False)(images)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        outputs = registry.get_network_fn(name, 5)(tf.constant(images))
        v1_graph.initialize(session, lambda name, _: weights[name])
        logits, end_points = session.run(outputs)
    assert list(end_points) == list(eager_end_points) == list(traced_end_points)
    for end_point, value in end_points.items():
        assert value.shape == eager_end_points[end_point].shape
    # float32 sums in another order differ at the scale of the largest, not of each
    scale = 1e-4 * np.abs(logits).max()
    np.testing.assert_allclose(eager, logits, rtol=0, atol=scale)
    np.testing.assert_allclose(traced, logits, rtol=0, atol=scale)


@pytest.mark.parametrize("name", NETWORKS)
def test_one_set_of_variables_gives_logits_and_features_of_any_size(name):
    with tf.Graph().as_default():
        images = placeholder(name, tiny.odd_size(name))
        logits, _ = registry.get_network_fn(name, 2)(images)
        variables = list(v1_graph.all_variables())
        tf.compat.v1.get_variable_scope().reuse_variables()
        images = placeholder(name, tiny.other_size(name))
        features, _ = registry.get_network_fn(name, None)(images)
        assert list(v1_graph.all_variables()) == variables
    assert logits.shape.as_list() == [None, 2]
    assert features.shape[0] is None
    assert features.shape[-1] > 2


@pytest.mark.parametrize("name", NETWORKS)
def test_the_loss_reaches_every_trainable_variable(name):
    with tf.Graph().as_default():
        network_fn = registry.get_network_fn(name, 2, is_training=True)
        logits, end_points = network_fn(tf.constant(tiny_images(name)))
        heads = [logits, end_points.get("AuxLogits", logits)]
        losses = [tf.nn.l2_loss(head) for head in heads]
        variables = tf.compat.v1.trainable_variables()
        gradients = tf.compat.v1.gradients(losses, variables)
    assert variables
    assert not [
        variable.name
        for variable, gradient in zip(variables, gradients, strict=True)
        if gradient is None
    ]
