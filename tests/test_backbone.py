"""A network's maps for other people's heads."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import checkpoints, errors
from slimnets.backbone import FeatureMap, list_maps
from slimnets.checkpoints import saving
from slimnets.layers.block_runs import Recomputation
from slimnets.layers.computation import computing
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


def run_frozen_up_to(freeze, network, end_points, recompute=False, size=64):
    """Returns names with a gradient, names that a step moves, and what maps were."""
    backbone = slimnets.features(network, end_points, freeze=freeze)

    def build(images, num_classes, is_training=False):
        maps = backbone(images, is_training)
        return tf.reduce_mean(maps[-1], [1, 2]), {"first": maps[0]}

    model = slimnets.Model(build, image_size=size, is_training=True)
    before = {n: v.numpy() for n, v in model.variables_by_name.items()}
    images = tf.random.stateless_uniform([4, size, size, 3], [1, 2])
    way = model.choose_computation(is_training=True)
    if recompute:
        trained = Recomputation(model.trainable_by_name.values())
        way = dataclasses.replace(way, recomputation=trained)

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape(watch_accessed_variables=False) as tape, computing(way):
            tape.watch(list(model.trainable_by_name.values()))
            net, end_points = model(images, is_training=True)
            loss = tf.reduce_sum(net**2)
        sources = list(model.variables_by_name.values())
        return tape.gradient(loss, sources), end_points["first"]

    gradients, first = step()
    given = {
        name
        for name, gradient in zip(before, gradients, strict=True)
        if gradient is not None
    }
    after = model.variables_by_name
    moved = {name for name in before if np.any(before[name] != after[name].numpy())}
    return given, moved, first, model(images, is_training=False)[1]["first"], model


@pytest.mark.parametrize(
    ("freeze", "recompute"),
    [(4, False), pytest.param("Conv2d_3_pointwise", True, marks=pytest.mark.slow)],
)
def test_frozen_up_to_a_map(freeze, recompute):
    maps = ["Conv2d_3_pointwise", "Conv2d_5_pointwise"]
    given, moved, in_training, in_inference, model = run_frozen_up_to(
        freeze, "mobilenet_v1_025", maps, recompute
    )
    frozen = [f"MobilenetV1/Conv2d_{k}" for k in (0, 1, 2, 3)]
    below = tuple(
        f"{name}{part}/" for name in frozen for part in ("", "_depthwise", "_pointwise")
    )
    built = {
        n for n in model.variables_by_name if int(n.split("_")[1].split("/")[0]) <= 5
    }
    above = {name for name in built if not name.startswith(below)}
    assert 0 < len(above) < len(built)
    averages = {name for name in above if "/moving_" in name}
    assert given == above - averages and {n for n in moved if n in built} == averages
    assert not any(name.startswith(below) for name in model.trainable_by_name)
    np.testing.assert_allclose(in_training, in_inference, 1e-4, 1e-5)


@pytest.mark.slow
def test_nothing_is_dropped_in_what_is_frozen():
    """EfficientNet drops blocks; the whole of its frozen ones is as in inference."""
    known = [each.name for each in list_maps("efficientnet_b0")]
    last = known[len(known) // 2]
    _, _, in_training, in_inference, _ = run_frozen_up_to(
        last, "efficientnet_b0", [last, known[-1]]
    )
    np.testing.assert_allclose(in_training, in_inference, 1e-4, 1e-5)


def test_frozen_in_a_scope_of_ones_own():
    backbone = slimnets.features("mobilenet_v1_025", strides=[8], freeze=4)
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [2, 64, 64, 3])
        with tf.compat.v1.variable_scope("Mine"):
            backbone(images, is_training=True)
        trained = [v.op.name for v in tf.compat.v1.trainable_variables()]
        updates = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)
    assert "Mine/MobilenetV1/Conv2d_5_pointwise/weights" in trained
    assert "Mine/MobilenetV1/Conv2d_3_pointwise/weights" not in trained
    assert updates and not any("Conv2d_3" in op.name for op in updates)


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
        ({"strides": [2], "freeze": 8}, "tiny has no map of stride 8; it has those"),
        ({"strides": [2], "freeze": "Cov"}, "unknown end point 'Cov'; did you mean"),
        ({"strides": [2, 3]}, "tiny has no map of stride 3; it has those of 2"),
    ],
)
def test_bad_input(arguments, reason):
    with pytest.raises(errors.InputError) as caught:
        slimnets.features("tiny", **arguments)
    assert reason in str(caught.value)
