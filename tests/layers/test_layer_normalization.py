"""Layer norm is tf_slim's: names, collections, numbers; with an epsilon of choice."""

import numpy as np
import pytest
import tensorflow as tf
import tf_slim

from slimnets import slim
from tests.layers import graphs

IMAGES = graphs.images(2, 5, 4, 3)

pytestmark = graphs.peers


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"center": False},
        {"scale": False, "activation_fn": tf.nn.relu},
        {"begin_norm_axis": -1},
        {"begin_norm_axis": 2, "begin_params_axis": 1},
        {"trainable": False, "scope": "norm", "outputs_collections": ["outputs"]},
        {"variables_collections": {"gamma": ["scales"], "beta": ["shifts"]}},
        {"begin_norm_axis": -1, "static_shape": [None, None, None, 3]},
    ],
)
def test_it_is_tf_slims(options):
    graphs.compare("layer_norm", IMAGES, **options)


def test_it_is_a_normalizer_of_convolutions():
    graphs.compare("conv2d", IMAGES, 4, 3, normalizer_fn=slim.layer_norm)


def test_epsilon_is_added_to_the_variance():
    pixel = np.float32([[-1.0, 1.0], [3.0, 3.0]])
    outputs = slim.layer_norm(pixel, center=False, scale=False, epsilon=3.0)
    np.testing.assert_allclose(outputs, [[-0.5, 0.5], [0, 0]], rtol=1e-6)


def test_half_precision_takes_a_larger_epsilon():
    inputs = tf.constant([[1.0, 1.0009766]], tf.float16)
    outputs = slim.layer_norm(inputs, center=False, scale=False)
    assert np.abs(outputs).max() < 0.1


def test_scopes_over_either_layer_reach_both():
    with tf.Graph().as_default():
        for opened in (slim, tf_slim):
            with slim.arg_scope([opened.layer_norm], center=False):
                slim.layer_norm(IMAGES)
                tf_slim.layer_norm(IMAGES)
        names = {variable.op.name for variable in slim.get_model_variables()}
    assert names and not [name for name in names if name.endswith("beta")]


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        (None, {}, "has undefined rank"),
        ([2, 3], {"begin_norm_axis": 2}, r"must be < rank\(inputs\) \(2\)"),
        ([2, None], {}, "is not fully defined"),
    ],
)
def test_inputs_it_cannot_normalize(shape, options, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        slim.layer_norm(tf.compat.v1.placeholder(tf.float32, shape), **options)
