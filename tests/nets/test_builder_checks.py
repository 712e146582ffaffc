"""A builder that does what a Model cannot keep is told so in a line."""

import pytest
import tensorflow as tf

import slimnets
from slimnets import errors, slim

v1 = tf.compat.v1


def dense(net, num_classes):
    return slim.fully_connected(slim.flatten(net), num_classes), {}


def without_end_points(images, num_classes, is_training):
    return dense(images, num_classes)[0]


def of_ten_classes(images, num_classes, is_training):
    return dense(images, 10)


def with_an_unnamed_variable(images, num_classes, is_training):
    return dense(images * tf.Variable(1.0, name="scale"), num_classes)


def with_a_loss_of_its_own(images, num_classes, is_training):
    scale = v1.get_variable("scale", [])
    v1.add_to_collection(v1.GraphKeys.REGULARIZATION_LOSSES, tf.nn.l2_loss(scale))
    return dense(images * scale, num_classes)


def at_fault(images, num_classes, is_training):
    return dense(images.shape.nothing, num_classes)


@pytest.mark.parametrize(
    ("builder", "said"),
    [
        (without_end_points, "returned SymbolicTensor; a builder returns a pair"),
        (of_ten_classes, r"logits of shape \(None, 10\) where 3 classes were asked"),
        (with_an_unnamed_variable, "variable scale:0 by tf.Variable, anew at each"),
        (with_a_loss_of_its_own, "adds a regularization loss to a collection"),
        (at_fault, r"be built: AttributeError: .*test_builder_checks.py, line \d+\)$"),
    ],
)
def test_it_is_refused(builder, said):
    with pytest.raises(errors.InputError, match=rf"^{builder.__name__} .*{said}"):
        slimnets.Model(builder, 3, image_size=4)


def test_features_may_have_any_size():
    def features(images, num_classes, is_training):
        return images, {}

    net, _ = slimnets.Model(features, None, image_size=4)(tf.ones([1, 4, 4, 3]))
    assert net.shape == [1, 4, 4, 3]
