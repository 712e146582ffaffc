"""The tables name every variable of our networks once, and the peers' tensors."""

import json
from pathlib import Path

import numpy as np
import pytest

from slimnets.config import choices
from slimnets.nets import registry as nets
from slimnets.preprocessing import registry as preprocessing
from slimnets.weights import rules
from slimnets.weights.match import AUXILIARY
from slimnets.weights.torch.tables import TABLES
from tests.weights.torch import peers

GOLDENS = Path(__file__).parents[2] / "goldens"
FACTS = json.loads(peers.FACTS.read_text())
CASES = [(name, table) for name, tables in TABLES.items() for table in tables]
IDS = [f"{name}-{table.name}" for name, table in CASES]


def list_shapes(network):
    """Returns the shapes of our variables by name, with as many classes as peers."""
    golden = json.loads((GOLDENS / f"{network}.json").read_text())
    return {
        name: [peers.CLASSES if n == golden["num_classes"] else n for n in shape]
        for name, shape in golden["variables"]
    }


def list_named(layers):
    """Returns the names of the variables that layers become."""
    return [
        name
        for layer in layers
        for name in [*layer.variables()[layer.kind.scale_in_kernel :], *layer.zeros()]
    ]


def list_their_shapes(layers, shapes):
    """Yields the names and shapes of layers' tensors in the other library."""
    # Arrays of any size that take no memory.
    values = {n: np.broadcast_to(np.float32(0), s) for n, s in shapes.items()}
    for layer, arrays in rules.to_theirs(layers, values):
        for weight, array in zip(layer.kind.weights, arrays, strict=True):
            yield f"{layer.theirs}.{weight.theirs}", array.shape


@pytest.mark.parametrize(("network", "table"), CASES, ids=IDS)
def test_names_and_shapes_are_those_of_the_library(network, table):
    shapes = list_shapes(network)
    layers = list(table.layers())
    named = list_named(layers)
    needed = {name for name in shapes if AUXILIARY not in name}
    assert len(named) == len(set(named))
    assert needed <= set(named) <= shapes.keys()
    theirs = list_their_shapes(layers, shapes)
    assert peers.digest(theirs) == FACTS[f"{network} {table.name}"]


def test_each_has_a_network_to_compare_with():
    assert {(name, table.name) for name, table in CASES} == peers.PEERS.keys()
    assert [f"{name} {table}" for name, table in sorted(peers.PEERS)] == [*FACTS]


def test_variants_are_those_that_the_flag_offers():
    assert {table.name for _, table in CASES} <= set(choices.TORCH_VARIANTS)


@pytest.mark.parametrize(("network", "table"), CASES, ids=IDS)
def test_recipes_are_named_where_they_are_not_the_networks_own(network, table):
    own = nets.get_row(network).preprocessing
    assert table.recipe != own
    assert table.recipe in ("", *preprocessing.RECIPES)
    # All of torchvision's are of one; transform_input makes up for it in inception_v3.
    if table.name == "torchvision" and network != "inception_v3":
        assert (table.recipe or own) == "imagenet"
