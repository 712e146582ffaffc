"""How networks end."""

import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import classifier

FEATURES = [2, 3, 4, 8]


def ended(num_classes=5, global_pool=True, spatial_squeeze=True):
    end_points = {}
    with tf.Graph().as_default():
        features = tf.compat.v1.placeholder(tf.float32, FEATURES)
        net = classifier.add_classifier(
            features, end_points, num_classes, 0.5, global_pool, spatial_squeeze
        )
        variables = [x.op.name for x in tf.compat.v1.global_variables()]
    return net, end_points, variables


def test_logits_have_names_and_variables():
    net, end_points, variables = ended()
    assert net.shape == [2, 5]
    assert list(end_points) == ["global_pool", "PreLogits", "Logits", "Predictions"]
    assert end_points["Logits"] is net
    assert variables == ["Logits/weights", "Logits/biases"]


@pytest.mark.parametrize("num_classes", [None, 0])
def test_no_classes_give_features(num_classes):
    net, end_points, variables = ended(num_classes)
    assert net.shape == [2, 1, 1, 8]
    assert list(end_points) == ["global_pool"]
    assert variables == []


def test_a_map_of_logits():
    net, end_points, _ = ended(global_pool=False, spatial_squeeze=False)
    assert net.shape == [2, 3, 4, 5]
    assert "global_pool" not in end_points


def test_a_map_is_not_squeezed_in_silence():
    with pytest.raises(errors.InputError, match="3x4 logits"):
        ended(global_pool=False)


@pytest.mark.parametrize("is_training", [True, False])
def test_dropout_acts_in_training_alone(is_training):
    end_points = {}
    with (
        slim.arg_scope([slim.dropout], is_training=is_training),
        tf.Graph().as_default(),
        tf.compat.v1.Session() as session,
    ):
        tf.compat.v1.set_random_seed(0)
        classifier.add_classifier(tf.ones(FEATURES), end_points, 5, 0.5, True, True)
        kept = session.run(end_points["PreLogits"])
    assert set(kept.ravel()) == ({0.0, 2.0} if is_training else {1.0})
