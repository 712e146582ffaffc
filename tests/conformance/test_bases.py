"""What the families' functions promise that give features, not logits."""

import functools
import inspect
import itertools
import math
import re
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import registry
from slimnets.nets.row import Network
from tests import representatives, tiny, v1_graph
from tests.goldens import fill

pytestmark = pytest.mark.usefixtures("short_networks")


class Base(NamedTuple):
    """A function that gives a network's features, with the network's own table."""

    function: Callable[..., tuple[tf.Tensor, dict[str, tf.Tensor]]]
    row: Network

    def __call__(
        self, images: tf.Tensor, value_of: Callable, **arguments: Any
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Builds for inference, with a value in place of each variable."""
        mode = {"is_training": False}
        with (
            slim.arg_scope(self.row.arg_scope()),
            slim.arg_scope([slim.batch_norm, slim.dropout], **mode),
            v1_graph.stand_ins(value_of),
        ):
            arguments |= mode if takes(self.function, "is_training") else {}
            if takes(self.function, "scope"):
                arguments["scope"] = "base"
            return self.function(images, **{**self.own_arguments(), **arguments})

    def own_arguments(self) -> dict[str, Any]:
        """Returns what the row, which may be shortened by now, has for the function."""
        own = registry.get_row(self.row.name).arguments
        return {key: own[key] for key in own if takes(self.function, key)}


def base_of(row: Network, family: types.ModuleType) -> Base:
    """Returns the family's `*_base`; where there is none, the builder for features."""
    for name, function in vars(family).items():
        if name.endswith("_base"):
            own = {k: v for k, v in table_of(row).items() if takes(function, k)}
            return Base(functools.partial(function, **own), row)
    features = {"num_classes": None, "global_pool": False}
    given = {key: value for key, value in features.items() if takes(row.builder, key)}
    return Base(functools.partial(row.builder, **given), row)


def table_of(row: Network) -> dict[str, Any]:
    """Returns what makes the row's builder this network, but for its scope."""
    return {k: v for k, v in row.arguments.items() if k != "scope"}


def takes(function: Callable, argument: str) -> bool:
    """Whether a function takes an argument, or passes on those it does not know."""
    parameters = inspect.signature(function).parameters.values()
    return any(argument == p.name or p.kind == p.VAR_KEYWORD for p in parameters)


def bases_that_take(argument: str) -> dict[str, Base]:
    bases = {
        row.name: base_of(row, f)
        for f in representatives.FAMILIES
        for row in f.NETWORKS
    }
    return {
        name: base for name, base in bases.items() if takes(base.function, argument)
    }


WITH_FINAL_ENDPOINT = bases_that_take("final_endpoint")
WITH_OUTPUT_STRIDE = bases_that_take("output_stride")
# It has no dense form beyond stride 16; its own test has the law for that.
del WITH_OUTPUT_STRIDE["inception_resnet_v2"]


class Values:
    """A constant for each variable, so that calls need make no variables."""

    def __init__(self) -> None:
        self._by_name: dict[str, tf.Tensor] = {}

    def __call__(self, name: str, shape: list[int], _: bool) -> tf.Tensor:
        if name not in self._by_name:
            value = tf.constant(fill.weight(name, shape))
            # A squeeze-excite must not see how many pixels its features have.
            self._by_name[name] = value * ("squeeze_excite" not in name)
        return self._by_name[name]


def images_for(base: Base, size: int) -> tf.Tensor:
    return tf.constant(fill.images(1, size, size, base.row.channels))


def assert_same(actual: tf.Tensor, expected: tf.Tensor) -> None:
    """Compares at the scale of the largest value."""
    atol = 1e-4 * np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("family", representatives.FAMILIES)
def test_no_two_networks_of_a_family_share_a_table(family):
    if any(name.endswith("_base") for name in vars(family)):
        tables = [table_of(row) for row in family.NETWORKS]
        assert all(one != other for one, other in itertools.combinations(tables, 2))


class Accepted(Exception):
    """A network begins to build."""


def accepts(base: Base, images: tf.Tensor, final_endpoint: str) -> bool:
    """Whether a base takes an end point as the final one; it builds nothing."""

    def first_variable(*asked: Any) -> tf.Tensor:
        raise Accepted

    try:
        base(images, first_variable, final_endpoint=final_endpoint)
    except Accepted:
        return True
    except errors.InputError:
        return False
    return True  # it comes before the first variable


def first_of_each_kind(layers: list[str]) -> list[str]:
    """Returns the first of names that differ in numbers alone, and the last of all."""
    kinds = {re.sub(r"\d+", "#", layer): layer for layer in reversed(layers)}
    return [layer for layer in layers if layer in {*kinds.values(), layers[-1]}]


@pytest.mark.parametrize(
    "name", representatives.slow_but_representatives(WITH_FINAL_ENDPOINT)
)
def test_every_layer_can_be_the_final_end_point(name):
    base, values = WITH_FINAL_ENDPOINT[name], Values()
    images = images_for(base, tiny.image_size(base.row.name))
    net, end_points = base(images, values)
    layers = [each for each in end_points if accepts(base, images, each)]
    inside = end_points.keys() - set(layers)
    assert net is end_points[layers[-1]]
    assert {end_point.rpartition("/")[0] for end_point in inside} <= set(layers)
    assert not accepts(base, images, "nowhere")
    for layer in first_of_each_kind(layers):
        final, up_to = base(images, values, final_endpoint=layer)
        assert final is up_to[layer]
        assert_same(final, end_points[layer])
        built = layers[: layers.index(layer) + 1]
        assert [each for each in up_to if each in layers] == built


@pytest.mark.parametrize(
    "name", representatives.slow_but_representatives(WITH_OUTPUT_STRIDE)
)
def test_dense_features_subsampled_are_the_nominal_ones(name):
    base, values = WITH_OUTPUT_STRIDE[name], Values()
    images = images_for(base, tiny.aligned_size(base.row.name))
    _, nominal = base(images, values)
    for output_stride in (8, 16):
        _, dense = base(images, values, output_stride=output_stride)
        every = 1
        for end_point, features in nominal.items():
            if features.shape[1] > 1:
                denser = dense[end_point].shape[1] / features.shape[1]
                every = 2 ** round(math.log2(denser))  # 9 pixels to 3: 4
                assert_same(dense[end_point][:, ::every, ::every], features)
        assert every == 32 // output_stride
