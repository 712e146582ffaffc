"""A network with batch norm folded equals the plain one, each of its end points too."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets.layers.computation import Computation, computing
from slimnets.layers.folding import Folding
from slimnets.nets import registry
from tests import tiny
from tests.filled import Variables
from tests.goldens import fill

BOUND = 1e-4  # of the largest value


@pytest.mark.usefixtures("short_networks")
@pytest.mark.parametrize("name", registry.list_networks())
def test_the_folded_network_has_the_same_logits_and_end_points(name):
    size = tiny.image_size(name)
    images = tf.constant(fill.images(2, size, size, registry.get_row(name).channels))
    network = registry.get_network_fn(name, 5)
    variables, folding = Variables(), Folding()

    def run() -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        with tf.compat.v1.variable_scope(
            "", reuse=tf.compat.v1.AUTO_REUSE, custom_getter=variables.get
        ):
            return network(images)

    logits, end_points = run()
    with computing(Computation(folding=folding.start_call())):
        folded_logits, folded_end_points = run()
    has_batch_norm = any(key.endswith("/moving_mean") for key in variables)
    assert (folding.count > 0) == has_batch_norm
    assert list(folded_end_points) == list(end_points)
    for key, expected in {"the logits": logits, **end_points}.items():
        actual = {"the logits": folded_logits, **folded_end_points}[key]
        bound = BOUND * np.abs(expected).max()
        np.testing.assert_allclose(actual, expected, 0, bound, err_msg=key)
