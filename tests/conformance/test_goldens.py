"""Every network against its golden (tests/goldens/*.json).

Variables (names, shapes, order), end points, what they add up to in the network's row,
and under the weights of tests/goldens/fill.py logits and end points' norms. Where a
change here is meant, old checkpoints no longer load. Most goldens are facts of
research/slim, never regenerated; those with "source": "slimnets" are of networks it
lacks: see tests/goldens/record.py.
"""

import json
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from slimnets.nets import blueprint, registry
from slimnets.report import layers
from tests import representatives, v1_graph
from tests.goldens import fill, record

GOLDENS, BATCH = record.GOLDENS, record.BATCH
WEIGHT_DECAY = 1e-4  # what the variants' regularization losses were recorded with
RTOL = 2e-4  # float32 over 200 layers, summed in another order


def golden(name: str) -> dict[str, Any]:
    return json.loads((GOLDENS / f"{name}.json").read_text())


NAMES = {path.stem for path in GOLDENS.glob("*.json")}
# A network without goldens fails its own test, not the collection of all others.
NETWORKS = [name for name in registry.list_networks(kind="classifier") if name in NAMES]
WITH_LOGITS = representatives.slow_but_representatives(
    name for name in NETWORKS if "logits" in golden(name)
)
VARIANTS = sorted(path.stem for path in (GOLDENS / "variants").glob("*.json"))


def assert_close(actual: np.ndarray, expected: dict[str, Any]) -> None:
    """Compares the first values, norm and mean, at the scale of a typical value."""
    scale = RTOL * expected["norm"] / np.sqrt(actual.size)
    assert list(actual.shape) == expected["shape"]
    np.testing.assert_allclose(np.linalg.norm(actual), expected["norm"], RTOL)
    np.testing.assert_allclose(actual.mean(), expected["mean"], RTOL, scale)
    first = actual.ravel()[: len(expected["first"])]
    np.testing.assert_allclose(first, expected["first"], RTOL, scale)


def assert_largest_at(logits: np.ndarray, classes: list[int]) -> None:
    """Of two that are equal but for rounding either may be the largest."""
    chosen = logits[np.arange(len(classes)), classes]
    assert (chosen >= logits.max(-1) - RTOL * np.abs(logits).max()).all()


def assert_same_norms(actual: dict[str, Any], expected: dict[str, float]) -> None:
    assert list(actual) == list(expected)
    norms = [np.linalg.norm(tensor) for tensor in actual.values()]
    np.testing.assert_allclose(norms, list(expected.values()), RTOL)


def test_every_network_has_goldens_and_every_golden_a_network():
    assert set(registry.list_networks(kind="classifier")) == NAMES, (
        "record what is missing: python -m tests.goldens.record NAME"
    )


@pytest.mark.parametrize("name", representatives.slow_but_representatives(NETWORKS))
def test_variables_end_points_and_costs(name):
    facts, row = golden(name), registry.get_row(name)
    traced = blueprint.trace(name, facts["num_classes"])
    assert row.image_size == facts["default_image_size"]
    assert row.channels == facts["channels"]
    assert record.names_and_shapes(traced.variables) == facts["variables"]
    assert traced.trainable == set(facts["trainable"])
    assert record.names_and_shapes(traced.end_points) == [
        [name, [shape[0] // BATCH, *shape[1:]]] for name, shape in facts["end_points"]
    ]
    if row.classes != facts["num_classes"]:
        traced = blueprint.trace(name, row.classes)
    listed = layers.list_layers(traced)
    assert sum(layer.parameters for layer in listed) == row.parameters
    millions = sum(layer.multiply_adds for layer in listed) / 1e6
    assert round(millions, 1) == row.multiply_adds


@pytest.mark.parametrize("name", WITH_LOGITS)
def test_numbers(name):
    facts, asked = golden(name), []
    size = facts["default_image_size"]
    images = tf.constant(fill.images(BATCH, size, size, facts["channels"]))

    def value_of(name: str, shape: list[int], trainable: bool) -> tf.Tensor:
        asked.append(name)
        return tf.constant(fill.weight(name, shape))

    with v1_graph.stand_ins(value_of):
        network_fn = registry.get_network_fn(name, facts["num_classes"])
        logits, end_points = network_fn(images)
    assert asked == [name for name, _ in facts["variables"]]  # for each once
    logits = logits.numpy()
    assert_close(logits, facts["logits"])
    assert_largest_at(logits, facts["logits"]["argmax"])
    assert_same_norms(end_points, facts["end_point_norms"])


@pytest.mark.slow
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
