"""The tables name every variable of our networks once, and they are networks'."""

import json
from pathlib import Path

import pytest

from slimnets.weights.keras import files
from slimnets.weights.keras.tables import TABLES
from tests.weights.keras import peers

GOLDENS = Path(__file__).parents[2] / "goldens"
AUXILIARY = "/AuxLogits/"  # heads that Keras lacks


@pytest.mark.parametrize("name", TABLES)
def test_each_variable_is_named_once(name):
    golden = json.loads((GOLDENS / f"{name}.json").read_text())
    expected = [name for name, _ in golden["variables"] if AUXILIARY not in name]
    layers = list(TABLES[name]())
    named = [variable for layer in layers for variable in layer.variables()]
    # A convolution's bias before batch norm moves into the moving mean.
    moved = [layer.variables()[-1] for layer in layers if layer.kind.bias_before_norm]
    assert sorted(named) == sorted(expected + moved)
    assert len({layer.theirs for layer in layers}) == len(layers)


def test_each_has_a_network_to_compare_with():
    assert TABLES.keys() == peers.PEERS.keys()


def test_paths_count_layers_by_class():
    paths = files.list_paths(list(TABLES["mobilenet_v1"]()))
    assert paths[:4] == [
        "conv2d",
        "batch_normalization",
        "depthwise_conv2d",
        "batch_normalization_1",
    ]
    assert paths[-1] == "conv2d_14"


def test_names_of_vgg():
    """Its logits are too dear for each run: they were compared by hand."""
    layers = [(layer.theirs, layer.ours) for layer in TABLES["vgg_19"]()]
    assert layers[0] == ("block1_conv1", "vgg_19/conv1/conv1_1")
    assert layers[15:] == [
        ("block5_conv4", "vgg_19/conv5/conv5_4"),
        ("fc1", "vgg_19/fc6"),
        ("fc2", "vgg_19/fc7"),
        ("predictions", "vgg_19/fc8"),
    ]
