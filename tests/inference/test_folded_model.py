"""What a folded model folds, and that it follows its model's variables."""

import re

import numpy as np
import pytest
import tensorflow as tf

from slimnets.inference.folded_model import FoldedModel
from slimnets.model import Model
from tests import tiny
from tests.goldens import fill

BOUND = 1e-4  # of the largest value


def filled(name: str) -> Model:
    """Returns a network whose weights and batch norm's averages are random."""
    model = Model(name, 5, image_size=tiny.image_size(name))
    for key, variable in model.variables_by_name.items():
        variable.assign(fill.weight(key, variable.shape.as_list()))
    return model


def images_for(model: Model) -> tf.Tensor:
    size = model.image_size
    return tf.constant(fill.images(2, size, size, model.channels))


def assert_close(actual: tf.Tensor, expected: tf.Tensor, name: str) -> None:
    scale = np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, 0, BOUND * scale, err_msg=name)


@pytest.mark.usefixtures("short_networks")
@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("inception_v1", "none"),
        # After a concatenation.
        pytest.param("nasnet_cifar", "final_path_bn", marks=pytest.mark.slow),
        ("resnet_v2_50", "preact|postnorm"),  # after an addition
    ],
)
def test_every_batch_norm_after_a_convolution_is_folded(name, others):
    model = Model(name, 5, image_size=tiny.image_size(name))
    norms = [key for key in model.variables_by_name if key.endswith("moving_mean")]
    folded = FoldedModel(model)
    graph = (
        tf.function(lambda images: folded(images)[0], autograph=False)
        .get_concrete_function(tf.TensorSpec(images_for(model).shape))
        .graph
    )
    kinds = [op.type for op in graph.get_operations()]
    left = sum(bool(re.search(others, key)) for key in norms)
    assert kinds.count("FusedBatchNormV3") == left
    assert folded.count == len(norms) - left


def test_refresh_takes_over_the_variables_as_they_are_now():
    model = filled("mobilenet_v1_025")
    folded = FoldedModel(model)
    run = tf.function(lambda images: folded(images)[0], autograph=False)
    images = images_for(model)
    before = run(images)
    for variable in model.variables_by_name.values():
        variable.assign(variable * 1.5)
    folded.refresh()
    assert_close(run(images), model(images)[0], "after")
    assert np.abs(run(images) - before).max() > 0.1 * np.abs(before).max()


def test_networks_without_batch_norm_are_left_as_they_are():
    assert FoldedModel(Model("lenet", 10)).count == 0
