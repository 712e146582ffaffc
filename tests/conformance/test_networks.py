"""What every network promises, each property once over the whole registry."""

import tempfile
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints
from slimnets.layers.computation import Computation, computing
from slimnets.layers.folding import Folding
from slimnets.model import Model
from slimnets.nets import registry
from tests import representatives, tiny, v1_graph
from tests.filled import Variables
from tests.goldens import fill

pytestmark = pytest.mark.usefixtures("short_networks")

BOUND = 1e-4  # float32 sums in another order differ at the scale of the largest


def tiny_images(name: str) -> np.ndarray:
    size = tiny.image_size(name)
    return fill.images(2, size, size, registry.get_row(name).channels)


def zeros(_: str, shape: list[int], trainable: bool) -> tf.Tensor:
    return tf.zeros(shape)


class Called(NamedTuple):
    """A model, called eagerly."""

    model: Model
    images: np.ndarray
    logits: tf.Tensor
    end_points: dict[str, tf.Tensor]

    def assert_same(
        self, logits: tf.Tensor, end_points: dict[str, tf.Tensor], of: list[str]
    ) -> None:
        """Compares logits, and the end points named in `of`; the others' shapes."""
        assert list(end_points) == list(self.end_points)
        for name, value in end_points.items():
            assert value.shape == self.end_points[name].shape
        expected = {"the logits": self.logits, **self.end_points}
        actual = {"the logits": logits, **end_points}
        for name in ["the logits", *of]:
            bound = BOUND * np.abs(expected[name]).max()
            np.testing.assert_allclose(actual[name], expected[name], 0, bound, name)


@pytest.fixture(scope="module", params=representatives.NETWORKS)
def called(short_networks: None, request: pytest.FixtureRequest) -> Called:
    """Returns a network with weights of goldens, made once for several tests."""
    images = tiny_images(request.param)
    model = Model(request.param, 1001, image_size=images.shape[1])
    for name, variable in model.variables_by_name.items():
        variable.assign(fill.weight(name, variable.shape.as_list()))
    return Called(model, images, *model(tf.constant(images)))


@pytest.mark.slow  # tests/test_model.py has it of one network
def test_a_function_agrees_with_an_eager_call(called):
    traced = tf.function(called.model, autograph=False)(called.images)
    called.assert_same(*traced, of=[])


@pytest.mark.slow  # tests/test_model.py has it of one network
def test_a_graph_agrees_with_the_checkpoint_of_an_eager_model(called):
    name, shape = called.model.name, called.images.shape
    # half a gigabyte of some networks: not left for pytest to keep
    with tempfile.TemporaryDirectory() as folder:
        path = checkpoints.save(folder, 0, called.model.variables_by_name)
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            images = tf.compat.v1.placeholder(tf.float32, [None, *shape[1:]])
            outputs = registry.get_network_fn(name, 1001)(images)
            assert outputs[0].shape.as_list() == [None, 1001]
            assert_reused_at_another_size(name)
            tf.compat.v1.train.Saver().restore(session, path)
            found = session.run(outputs, {images: called.images})
    called.assert_same(*found, of=[])


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


def test_the_folded_network_has_the_same_logits_and_end_points(called):
    folding = Folding()
    with computing(Computation(folding=folding.start_call())):
        logits, end_points = called.model(tf.constant(called.images))
    variables = called.model.variables_by_name
    has_batch_norm = any(name.endswith("/moving_mean") for name in variables)
    assert (folding.count > 0) == has_batch_norm
    # Probabilities of nearly equal logits differ by more than these do.
    names = [name for name in end_points if name != "Predictions"]
    called.assert_same(logits, end_points, of=names)


@pytest.mark.parametrize("name", representatives.NETWORKS)
def test_logits_of_odd_sizes_of_any_number_of_images(name):
    channels = registry.get_row(name).channels
    with tf.Graph().as_default(), v1_graph.stand_ins(zeros):
        shape = [None, *tiny.odd_size(name), channels]
        images = tf.compat.v1.placeholder(tf.float32, shape)
        logits, _ = registry.get_network_fn(name, 2)(images)
    assert logits.shape.as_list() == [None, 2]


@pytest.mark.parametrize("name", representatives.NETWORKS)
def test_a_program_without_v2_behavior_builds_it(name):
    network_fn = registry.get_network_fn(name, 2, is_training=True)
    with (
        v1_graph.without_v2_behavior(),
        tf.Graph().as_default(),
        v1_graph.placeholders(training=True),
    ):
        shape = [2, *tiny_images(name).shape[1:]]
        logits, _ = network_fn(tf.compat.v1.placeholder(tf.float32, shape))
    assert logits.shape.as_list() == [2, 2]


@pytest.mark.parametrize("name", representatives.NETWORKS)
def test_the_loss_reaches_every_trainable_variable(name):
    variables = Variables()
    network_fn = registry.get_network_fn(name, 2, is_training=True)
    with (
        tf.GradientTape() as tape,
        tf.compat.v1.variable_scope("", custom_getter=variables.get),
    ):
        logits, end_points = network_fn(tf.constant(tiny_images(name)))
        heads = [logits, end_points.get("AuxLogits", logits)]
        loss = tf.add_n([tf.nn.l2_loss(head) for head in heads])
    trainable = {n: v for n, v in variables.items() if v.trainable}
    gradients = tape.gradient(loss, trainable)
    assert trainable
    assert not [name for name, gradient in gradients.items() if gradient is None]
