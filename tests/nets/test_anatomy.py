"""Heads and blocks of networks, told by what they do."""

import pytest

from slimnets.nets import anatomy, blueprint, registry
from tests import representatives, tiny

KERNELS = {"weights", "depthwise_weights", "pointwise_weights"}
VECTORS = {"biases", "beta", "gamma", "layer_scale"}

pytestmark = pytest.mark.usefixtures("short_networks")


@pytest.mark.parametrize("name", representatives.NETWORKS)
def test_the_parts_of_a_network(name):
    """Of every network: its head by role, kernels and vectors, and layers in order."""
    size, classes = tiny.image_size(name), 7
    traced = blueprint.trace(name, classes, size, is_training=True)
    shapes = {n: v.shape.as_list() for n, v in traced.variables.items()}
    head = anatomy.find_head(name, shapes, classes, size)
    kinds = {n.rpartition("/")[2] for n in head}
    assert kinds == {"weights", "biases"}
    assert all(shapes[n][-1] == classes for n in head)
    auxiliary = "AuxLogits" in traced.end_points
    assert len(head) == (4 if auxiliary else 2)

    # What weight decay tells apart by their axes are kernels and everything else.
    axes = {(len(shapes[n]) > 1, n.rpartition("/")[2]) for n in traced.trainable}
    assert {kind for is_kernel, kind in axes if is_kernel} <= KERNELS
    assert {kind for is_kernel, kind in axes if not is_kernel} <= VECTORS

    layers = anatomy.list_layers(name, classes, size)
    *below, last = layers
    assert set(last) <= set(head) and len(below) >= 3
    assert not set(head) & {n for layer in below for n in layer}
    listed = [n for layer in layers for n in layer]
    assert len(listed) == len(set(listed)) and set(listed) <= set(shapes)
    left_out = set(shapes) - set(listed) - {"global_step"}
    assert bool(left_out) == auxiliary
    assert all("aux" in n.lower() for n in left_out)


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("resnet_v1_50", 4),  # of two stages one unit each, of the second two
        ("mobilenet_v2", None),
        ("vgg_a", 0),
    ],
)
def test_a_block_is_one_layer(name, blocks):
    layers = anatomy.list_layers(name, 7, tiny.image_size(name))
    tops = [{n.partition("/")[2].rpartition("/")[0] for n in layer} for layer in layers]
    if name == "resnet_v1_50":
        units = [top for top in tops if any("unit_" in scope for scope in top)]
        assert len(units) == len(layers) - 2  # the root and the head
        assert all(len({s.split("/bottleneck")[0] for s in u}) == 1 for u in units)
    elif name == "mobilenet_v2":
        assert all(len({scope.split("/")[0] for scope in top}) == 1 for top in tops)
    else:
        assert all(len(top) == 1 for top in tops)


def test_normalizers_belong_to_their_layer():
    layers = anatomy.list_layers("mobilenet_v2", 7, 32)
    assert {n.rpartition("/")[2] for n in layers[0]} == {
        "weights",
        "beta",
        "gamma",
        "moving_mean",
        "moving_variance",
    }


def test_classes_may_be_as_many_as_channels():
    """A layer of 7 units that is no head is not taken for one."""
    row = registry.get_row("lenet")
    traced = blueprint.trace(row, 16, is_training=True)
    shapes = {n: v.shape.as_list() for n, v in traced.variables.items()}
    assert shapes["LeNet/conv2/weights"][-1] == 16
    head = anatomy.find_head(row, shapes, 16)
    assert head == ("LeNet/fc4/weights", "LeNet/fc4/biases")
