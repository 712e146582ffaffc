"""OverFeat: maps of logits, sizes and initial values. Built, hardly run."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import overfeat
from tests import v1_graph

v1 = tf.compat.v1


def built(height, width, *arguments, **named):
    images = v1.placeholder(tf.float32, [None, height, width, 3])
    with slim.arg_scope(overfeat.overfeat_arg_scope()):
        return overfeat.overfeat(images, *arguments, **named)


@pytest.mark.parametrize(
    ("size", "rows"), [((231, 231), [1, 1]), ((263, 281), [2, 2]), ((231, 299), [1, 3])]
)
def test_maps_of_logits(size, rows):
    with tf.Graph().as_default():
        logits, _ = built(*size, 5, spatial_squeeze=False)
    assert logits.shape.as_list() == [None, *rows, 5]


def test_unknown_sizes_and_the_mean_of_a_map():
    with tf.Graph().as_default():
        logits, end_points = built(None, None, 5, global_pool=True)
    assert logits.shape.as_list() == [None, 5]
    assert list(end_points)[-2:] == ["global_pool", "overfeat/fc8"]


def test_a_map_is_not_squeezed_silently():
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match="2x2 logits"):
        built(281, 281)


def test_smaller_images_are_errors():
    message = "^overfeat needs images of at least 231x231 pixels, not 231x230$"
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match=message):
        built(231, 230)


@pytest.mark.parametrize("num_classes", [None, 0])
def test_features_are_those_of_fc7(num_classes):
    with tf.Graph().as_default():
        net, end_points = built(231, 231, num_classes)
    assert net is end_points["overfeat/fc7"]
    assert list(end_points)[-1] == "overfeat/fc7"


def test_initial_biases_and_weights():
    with tf.Graph().as_default(), v1.Session() as session:
        built(231, 231, 5)
        variables = v1_graph.all_variables()
        for layer, bias in (("conv1", 0), ("fc6", 0.1), ("fc7", 0.1), ("fc8", 0)):
            biases = variables[f"overfeat/{layer}/biases"]
            session.run(biases.initializer)
            assert set(session.run(biases)) == {np.float32(bias)}
        weights = variables["overfeat/fc8/weights"]
        session.run(weights.initializer)
        largest = np.abs(session.run(weights)).max()
        losses = v1.losses.get_regularization_losses()
    assert largest == pytest.approx(0.01, rel=0.01)  # two standard deviations
    assert len(losses) == 8
