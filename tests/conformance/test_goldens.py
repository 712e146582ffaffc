"""Every network against facts recorded from research/slim (tests/goldens/*.json).

Variables (names, shapes, order), end points and, under the weights of
tests/goldens/fill.py, logits and end points' norms. Where a change here is meant, old
checkpoints no longer load: the goldens are facts of another program, never regenerated.
"""

import json
import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from slimnets.nets import registry
from slimnets.runtime.model import Model
from tests import v1_graph
from tests.goldens import fill

GOLDENS = pathlib.Path(__file__).parents[1] / "goldens"
WEIGHT_DECAY = 1e-4  # what the variants' regularization losses were recorded with
RTOL = 2e-4  # float32 over 200 layers, summed in another order

EXEMPT = {"resnet50": "not in research/slim; its own test compares it with Keras'"}


def golden(name: str) -> dict[str, Any]:
    return json.loads((GOLDENS / f"{name}.json").read_text())


NETWORKS = [name for name in registry.list_networks() if name not in EXEMPT]
WITH_LOGITS = [name for name in NETWORKS if "logits" in golden(name)]
VARIANTS = sorted(path.stem for path in (GOLDENS / "variants").glob("*.json"))


def names_and_shapes(tensors: dict[str, Any]) -> list[list[Any]]:
    return [[name, tensor.shape.as_list()] for name, tensor in tensors.items()]


def assert_close(actual: np.ndarray, expected: dict[str, Any]) -> None:
    """Compares the first values, norm and mean, at the scale of a typical value."""
    scale = RTOL * expected["norm"] / np.sqrt(actual.size)
    assert list(actual.shape) == expected["shape"]
    np.testing.assert_allclose(np.linalg.norm(actual), expected["norm"], RTOL)
    np.testing.assert_allclose(actual.mean(), expected["mean"], RTOL, scale)
    first = actual.ravel()[: len(expected["first"])]
    np.testing.assert_allclose(first, expected["first"], RTOL, scale)


def assert_same_norms(actual: dict[str, Any], expected: dict[str, float]) -> None:
    assert list(actual) == list(expected)
    norms = [np.linalg.norm(tensor) for tensor in actual.values()]
    np.testing.assert_allclose(norms, list(expected.values()), RTOL)


def test_every_network_has_goldens_and_no_exemption_is_stale():
    have = {path.stem for path in GOLDENS.glob("*.json")}
    assert have.isdisjoint(EXEMPT), (
        "an exempted network has goldens: drop its exemption"
    )
    assert have | EXEMPT.keys() == set(registry.list_networks())


@pytest.mark.parametrize("name", NETWORKS)
def test_variables_and_end_points_of_a_graph(name):
    facts = golden(name)
    row, size = registry.get_row(name), facts["default_image_size"]
    assert (row.image_size, row.channels) == (size, facts["channels"])
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, [2, size, size, row.channels])
        network_fn = registry.get_network_fn(name, facts["num_classes"])
        _, end_points = network_fn(images)
        variables = v1_graph.all_variables()
        trainable = v1_graph.by_name(tf.compat.v1.trainable_variables())
    assert names_and_shapes(variables) == facts["variables"]
    assert list(trainable) == facts["trainable"]
    assert names_and_shapes(end_points) == facts["end_points"]


@pytest.mark.parametrize("name", WITH_LOGITS)
def test_numbers_of_a_model(name):
    facts = golden(name)
    model = Model(name, facts["num_classes"])
    assert names_and_shapes(model.variables_by_name) == facts["variables"]
    assert list(model.trainable_by_name) == facts["trainable"]
    for variable_name, variable in model.variables_by_name.items():
        variable.assign(fill.weight(variable_name, variable.shape.as_list()))
    size = facts["default_image_size"]
    images = fill.images(2, size, size, facts["channels"])
    logits, end_points = model(tf.constant(images))
    assert_close(logits.numpy(), facts["logits"])
    assert logits.numpy().argmax(-1).tolist() == facts["logits"]["argmax"]
    assert_same_norms(end_points, facts["end_point_norms"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_numbers_with_other_arguments(variant):
    facts = golden(f"variants/{variant}")
    network_fn = registry.get_network_fn(
        facts["name"], facts["num_classes"], WEIGHT_DECAY, facts["is_training"]
    )
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        images = tf.constant(fill.images(*facts["input"]))
        net, end_points = network_fn(images, **facts["kwargs"])
        variables = v1_graph.all_variables()
        losses = tf.compat.v1.losses.get_regularization_losses()
        updates = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)
        v1_graph.initialize(session, fill.weight)
        output, found, loss = session.run([net, end_points, tf.add_n(losses)])
        session.run(updates)
        moved = session.run(
            {n: v for n, v in variables.items() if "/moving_" in n} if updates else {}
        )
    assert_close(output, facts["output"])
    assert [[n, list(v.shape)] for n, v in found.items()] == [
        [name, shape] for name, shape, _ in facts["end_points"]
    ]
    assert_same_norms(found, {name: norm for name, _, norm in facts["end_points"]})
    np.testing.assert_allclose(loss, facts["regularization_loss"], RTOL)
    assert len(losses) == facts["n_regularized"]
    assert_same_norms(moved, dict(facts.get("moving_after_one_update", [])))
