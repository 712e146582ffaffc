"""The tables name every variable of our networks once, and the peers' tensors."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from slimnets.config import choices
from slimnets.weights.torch.tables import TABLES
from tests.weights.torch import peers

GOLDENS = Path(__file__).parents[2] / "goldens"
AUXILIARY = "/AuxLogits/"
FACTS = json.loads(peers.FACTS.read_text())
CASES = [(name, table) for name, tables in TABLES.items() for table in tables]
IDS = [f"{name}-{table.name}" for name, table in CASES]


def list_shapes(network):
    """Returns the shapes of our variables by name, with as many classes as peers."""
    golden = json.loads((GOLDENS / f"{network}.json").read_text())
    return {
        name: [peers.CLASSES if n == golden["num_classes"] else n for n in shape]
        for name, shape in golden["variables"]
        if AUXILIARY not in name
    }


def list_their_shapes(layer, shapes):
    """Yields the names and shapes of a layer's tensors in the other library."""
    for variable, weight in zip(layer.variables(), layer.kind.weights, strict=True):
        shape = shapes[variable]
        if weight.matrix:
            shape = [math.prod(shape[:-1]), shape[-1]]
        axes = np.argsort(weight.axes) if weight.axes else range(len(shape))
        yield f"{layer.theirs}.{weight.theirs}", [shape[axis] for axis in axes]


@pytest.mark.parametrize(("network", "table"), CASES, ids=IDS)
def test_names_and_shapes_are_those_of_the_library(network, table):
    shapes = list_shapes(network)
    layers = list(table.layers())
    named = [variable for layer in layers for variable in layer.variables()]
    assert sorted(named) == sorted(shapes)
    theirs = [tensor for layer in layers for tensor in list_their_shapes(layer, shapes)]
    assert peers.digest(theirs) == FACTS[f"{network} {table.name}"]


def test_each_has_a_network_to_compare_with():
    assert {(name, table.name) for name, table in CASES} == peers.PEERS.keys()
    assert [f"{name} {table}" for name, table in sorted(peers.PEERS)] == [*FACTS]


def test_variants_are_those_that_the_flag_offers():
    assert {table.name for _, table in CASES} <= set(choices.TORCH_VARIANTS)
