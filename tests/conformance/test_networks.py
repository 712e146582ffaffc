"""What every network promises, each property once over the whole registry."""

import tempfile

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints
from slimnets.model import Model
from slimnets.nets import registry
from tests import tiny, v1_graph
from tests.goldens import fill

pytestmark = pytest.mark.usefixtures("short_networks")


def tiny_images(name: str) -> np.ndarray:
    size = tiny.image_size(name)
    return fill.images(2, size, size, registry.get_row(name).channels)


def zeros(_: str, shape: list[int], trainable: bool) -> tf.Tensor:
    return tf.zeros(shape)


def outputs_of_a_graph(
    name: str, images: np.ndarray, path: str
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Gives a checkpoint's values to a graph that takes any number of images."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        placeholder = tf.compat.v1.placeholder(tf.float32, [None, *images.shape[1:]])
        outputs = registry.get_network_fn(name, 1001)(placeholder)
        assert outputs[0].shape.as_list() == [None, 1001]
        assert_reused_at_another_size(name)
        tf.compat.v1.train.Saver().restore(session, path)
        return session.run(outputs, {placeholder: images})


def assert_reused_at_another_size(name: str) -> None:
    """Builds a graph's network again, for features, with the same variables.

    The images are of any number and, where the network takes them, of any size.
    """
    variables = list(v1_graph.all_variables())
    shape = [None, *tiny.other_size(name), registry.get_row(name).channels]
    images = tf.compat.v1.placeholder(tf.float32, shape)
    with tf.compat.v1.variable_scope("", reuse=True):
        features, _ = registry.get_network_fn(name, None)(images)
    assert list(v1_graph.all_variables()) == variables
    assert features.shape[0] is None
    assert features.shape[-1] > 2


@pytest.mark.parametrize("name", registry.list_networks())
def test_a_function_an_eager_call_and_a_graph_with_its_checkpoint_agree(name):
    images = tiny_images(name)
    model = Model(name, 1001, image_size=tiny.image_size(name))
    eager, eager_end_points = model(tf.constant(images))
    traced, traced_end_points = tf.function(model, autograph=False)(images)
    # half a gigabyte of some networks: not left for pytest to keep
    with tempfile.TemporaryDirectory() as folder:
        path = checkpoints.save(folder, 0, model.variables_by_name)
        logits, end_points = outputs_of_a_graph(name, images, path)
    assert list(end_points) == list(eager_end_points) == list(traced_end_points)
    for end_point, value in end_points.items():
        assert value.shape == eager_end_points[end_point].shape
    # float32 sums in another order differ at the scale of the largest, not of each
    scale = 1e-4 * np.abs(logits).max()
    np.testing.assert_allclose(eager, logits, rtol=0, atol=scale)
    np.testing.assert_allclose(traced, logits, rtol=0, atol=scale)


@pytest.mark.parametrize("name", registry.list_networks())
def test_logits_of_odd_sizes_of_any_number_of_images(name):
    channels = registry.get_row(name).channels
    with tf.Graph().as_default(), v1_graph.stand_ins(zeros):
        shape = [None, *tiny.odd_size(name), channels]
        images = tf.compat.v1.placeholder(tf.float32, shape)
        logits, _ = registry.get_network_fn(name, 2)(images)
    assert logits.shape.as_list() == [None, 2]


@pytest.mark.parametrize("name", registry.list_networks())
def test_the_loss_reaches_every_trainable_variable(name):
    trainable = {}

    def value_of(name: str, shape: list[int], is_trainable: bool) -> tf.Tensor | None:
        if is_trainable:
            trainable[name] = tf.zeros(shape)
        return trainable.get(name)  # moving averages are true variables

    with tf.Graph().as_default(), v1_graph.stand_ins(value_of):
        network_fn = registry.get_network_fn(name, 2, is_training=True)
        logits, end_points = network_fn(tf.constant(tiny_images(name)))
        heads = [logits, end_points.get("AuxLogits", logits)]
        losses = [tf.nn.l2_loss(head) for head in heads]
        gradients = tf.compat.v1.gradients(losses, list(trainable.values()))
    assert trainable
    assert not [
        name
        for name, gradient in zip(trainable, gradients, strict=True)
        if gradient is None
    ]
