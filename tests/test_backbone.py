"""A network's maps for other people's heads."""

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import checkpoints, errors
from slimnets.backbone import FeatureMap, list_maps
from slimnets.checkpoints import saving
from tests.tiny_runs import tiny_networks  # noqa: F401

TINY = FeatureMap("Conv", 2, 4, (3, 3))


def test_the_maps_of_a_detector():
    made = slimnets.features("mobilenet_v2", strides=[16, 32])
    assert made.maps == (
        FeatureMap("layer_15/expansion_output", 16, 576, (267, 267)),
        FeatureMap("layer_19", 32, 1280, (491, 491)),
    )


@pytest.mark.parametrize(
    ("network", "names"),
    [
        ("resnet50", ["resnet50/block2", "resnet50/block3", "resnet50/block4"]),
        ("inception_v3", ["Mixed_5d", "Mixed_6e", "Mixed_7c"]),
        ("convnext_tiny", ["stage2/block3", "stage3/block9", "stage4/block3"]),
        (
            "mobilenet_v3_large",
            ["layer_8/expansion_output", "layer_14/expansion_output", "layer_17"],
        ),
    ],
)
def test_the_end_of_a_stage(network, names):
    made = slimnets.features(network, strides=[8, 16, 32])
    assert [each.name for each in made.maps] == names


@pytest.mark.slow
def test_what_a_faster_r_cnn_takes():
    shared = slimnets.features("resnet50", strides=[16])

    def build(images, num_classes, is_training=False):
        [features] = shared(images, is_training)
        return tf.reduce_mean(features, [1, 2]), {"shared": features}

    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [1, 600, 600, 3])
        _, end_points = build(images, None)
        assert end_points["shared"].shape == (1, 38, 38, 1024)


def build_head(backbone):
    """Returns a builder of logits over a backbone's first map."""

    def build(images, num_classes, is_training=False):
        features, *_ = backbone(images, is_training)
        net = tf.reduce_mean(features, [1, 2])
        logits = slimnets.slim.fully_connected(net, num_classes, scope="Head")
        return logits, {"features": features}

    return build


def test_all_maps_of_a_network():
    assert list_maps("tiny_bn") == [TINY]


def test_in_a_model_it_bears_the_networks_names():
    backbone = slimnets.features("tiny_bn", ["Conv"])
    model = slimnets.Model(build_head(backbone), 2, image_size=8)
    whole = slimnets.Model("tiny_bn")
    inside = [name for name in model.variables_by_name if not name.startswith("Head")]
    assert inside == list(whole.variables_by_name)
    images = tf.random.uniform([2, 8, 8, 3])
    for name, variable in whole.variables_by_name.items():
        model.variables_by_name[name].assign(variable)
    np.testing.assert_allclose(model(images)[1]["features"], whole(images)[1]["Conv"])


def test_in_a_v1_graph():
    backbone = slimnets.features("tiny_bn", ["Conv"])
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [2, 12, 12, 3])
        [features] = backbone(images, is_training=True)
        names = [v.op.name for v in tf.compat.v1.global_variables()]
        assert features.shape == (2, 6, 6, 4) and "Tiny/Conv/weights" in names


def test_frozen_it_stays_as_it_is():
    backbone = slimnets.features("tiny_bn", ["Conv"], freeze=True)
    model = slimnets.Model(build_head(backbone), 2, image_size=8, is_training=True)
    assert {name.split("/")[0] for name in model.trainable_by_name} == {"Head"}
    before = {n: v.numpy() for n, v in model.variables_by_name.items()}
    images = tf.random.uniform([4, 8, 8, 3])
    trained = model(images, is_training=True)[0]
    np.testing.assert_allclose(trained, model(images, is_training=False)[0])
    for name, variable in model.variables_by_name.items():
        np.testing.assert_array_equal(variable, before[name])


def test_it_starts_from_weights(tmp_path):
    source = slimnets.Model("tiny_bn", 3)
    values = {
        name: np.full(variable.shape, 0.5, np.float32)
        for name, variable in source.variables_by_name.items()
    }
    path = saving.save(tmp_path, 7, values | {checkpoints.GLOBAL_STEP: np.array(7)})
    backbone = slimnets.features("tiny_bn", strides=[2])
    model = slimnets.Model(build_head(backbone), 2, image_size=8)
    assert backbone.start_from(model, path) == "plain"
    for name, variable in model.variables_by_name.items():
        assert np.all(variable.numpy() == 0.5) != name.startswith("Head"), name


def test_a_model_without_it_cannot_start_from_its_weights(tmp_path):
    source = slimnets.Model("tiny", 3)
    values = {n: v.numpy() for n, v in source.variables_by_name.items()}
    path = saving.save(tmp_path, 7, values)
    other = slimnets.Model(build_head(slimnets.features("tiny_bn", ["Conv"])), 2)
    with pytest.raises(errors.InputError, match="the model has no Tiny/Conv/biases"):
        slimnets.features("tiny", ["Conv"]).start_from(other, path)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "say which maps: give either end_points or strides"),
        ({"end_points": ["Conv"], "strides": [2]}, "give either end_points or strides"),
        ({"end_points": ["Covn"]}, "unknown end point 'Covn'; did you mean Conv?"),
        ({"end_points": ["Pool"]}, "unknown end point 'Pool'"),
        ({"strides": [2, 3]}, "tiny has no map of stride 3; it has those of 2"),
    ],
)
def test_bad_input(arguments, reason):
    with pytest.raises(errors.InputError) as caught:
        slimnets.features("tiny", **arguments)
    assert reason in str(caught.value)
