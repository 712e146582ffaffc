"""The registry: a name a network, and rows whose facts fit together."""

import dataclasses
import inspect

import numpy as np
import pytest
import tensorflow as tf

import slimnets
from slimnets import errors
from slimnets.nets import blueprint, registry
from slimnets.nets.row import get_family_builder
from slimnets.preprocessing import registry as recipes
from tests import tiny, v1_graph

ROWS = list(registry.NETWORKS.values())
# Those of a family whose builder takes a table; others are the builder themselves.
NAMED = [
    row
    for row in ROWS
    if getattr(slimnets, row.name) is not get_family_builder(row.builder)
]
OTHERS = {row.name: row for row in ROWS if row.kind != "classifier"}
CLASSIFIERS = [row for row in ROWS if row.kind == "classifier"]
each_row = pytest.mark.parametrize("row", CLASSIFIERS, ids=lambda row: row.name)


def test_a_name_is_taken_once(monkeypatch):
    row = ROWS[0]
    message = f"there is a network '{row.name}' already; give another name"
    with pytest.raises(ValueError, match=message):
        registry.register(row)
    monkeypatch.setattr(registry, "NETWORKS", {})
    registry.register(row)
    assert list(registry.NETWORKS) == [row.name]


def test_networks_are_listed_in_the_order_of_their_families():
    rows = [row for family in registry.FAMILIES for row in family.NETWORKS]
    assert slimnets.list_networks() == [row.name for row in rows]
    assert slimnets.list_networks("densenet_1*") == ["densenet_121", "densenet_169"]


def test_networks_are_listed_by_kind():
    kinds = dict.fromkeys(row.kind for row in ROWS)
    assert list(kinds)[:2] == ["classifier", "video classifier"]
    listed = [name for kind in kinds for name in slimnets.list_networks(kind=kind)]
    assert sorted(listed) == sorted(slimnets.list_networks())
    assert slimnets.list_networks("*3d*", "video classifier") == ["i3d", "s3dg"]
    assert slimnets.list_networks("*3d*", "classifier") == []
    with pytest.raises(errors.InputError, match=r"^unknown kind 'video'"):
        slimnets.list_networks(kind="video")


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_what_takes_classifiers_of_images_refuses_others_in_one_line(name):
    message = (
        f"^{name} is a {OTHERS[name].kind}, and this takes a classifier of images: call"
        " its builder in a graph of your own, as docs/networks.md shows$"
    )
    for network in (name, OTHERS[name]):
        with pytest.raises(errors.InputError, match=message):
            slimnets.Model(network, 10)
    with pytest.raises(errors.InputError, match=message):
        blueprint.trace(name, 10)
    if "classifier" not in OTHERS[name].kind:
        with pytest.raises(errors.InputError, match=message):
            slimnets.get_network_fn(name, 10)


def test_a_network_of_videos_is_had_by_its_name():
    network_fn = slimnets.get_network_fn("i3d", 7)
    assert network_fn.default_image_size == 224
    with tf.Graph().as_default(), v1_graph.placeholders() as shapes:
        video = tf.compat.v1.placeholder(tf.float32, [2, 8, 32, 32, 3])
        logits, _ = network_fn(video)
    assert logits.shape == [2, 7]
    assert len(shapes) == 230


def test_an_unknown_name_is_an_error_with_the_nearest_ones():
    with pytest.raises(errors.InputError, match=r"'densenet_122'.*densenet_121"):
        registry.get_row("densenet_122")


def test_a_row_stands_for_itself():
    row = dataclasses.replace(ROWS[0], name="other")
    assert registry.get_row(row) is row
    network_fn = registry.get_network_fn(row, None)
    assert network_fn.__name__ == "other"
    assert network_fn.default_image_size == row.image_size


@each_row
def test_what_a_row_says_fits_together(row):
    assert row.preprocessing in recipes.RECIPES
    assert row.paper
    assert row.classes in (10, 1000, 1001)
    assert row.channels in (1, 3)
    assert row.image_size >= tiny.image_size(row.name) or row.classes == 10
    assert row.parameters > 0
    assert row.multiply_adds > 0
    assert row.top5 is None or 0 < row.top1 < row.top5 < 100


@each_row
def test_a_rows_builder_takes_its_arguments(row):
    arguments = {"is_training": False, **row.arguments}
    bound = inspect.signature(row.builder).bind(None, row.classes, **arguments)
    assert list(bound.arguments)[1] == "num_classes"


@pytest.mark.parametrize("row", NAMED, ids=lambda row: row.name)
def test_a_named_builder_has_its_rows_arguments_as_defaults(row):
    parameters = inspect.signature(getattr(slimnets, row.name)).parameters
    defaults = {name: parameters[name].default for name in row.arguments}
    assert defaults == row.arguments


def test_a_name_with_arguments(monkeypatch):
    short = tiny.short_row("mobilenet_v2")
    monkeypatch.setitem(registry.NETWORKS, "mobilenet_v2", short)
    row = registry.get_row("mobilenet_v2(depth_multiplier=0.5)")
    images = np.zeros([1, 32, 32, 3], np.float32)
    model = slimnets.Model(row, 0, image_size=32)
    narrow, _ = model(images)
    named, _ = slimnets.Model(row.name, 0, image_size=32, depth_multiplier=0.5)(images)
    assert narrow.shape == named.shape == [1, 1, 1, 640]
    shapes = model.variables_by_name
    assert shapes["MobilenetV2/Conv/weights"].shape == [3, 3, 3, 16]


def test_an_argument_that_no_function_below_takes():
    with pytest.raises(errors.InputError, match="unexpected keyword argument 'depth'"):
        slimnets.Model("mobilenet_v2(depth=2)", 5)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("vgg_16(dropout=2)", "unknown argument of vgg_16 'dropout'; did you mean"),
        ("mobilenet_v2(num_classes=2)", "unknown argument of mobilenet_v2"),
        ("mobilenet_v2(0.5)", "is no name with arguments"),
        ("mobilenet_v9(depth_multiplier=2)", "unknown network 'mobilenet_v9'"),
    ],
)
def test_wrong_arguments_of_a_name(name, says):
    with pytest.raises(errors.InputError, match=says):
        registry.get_row(name)
