"""The one loop that runs tables, on rows that leave a trace of how they were built."""

from typing import NamedTuple

import pytest
import tensorflow as tf

from slimnets.errors import InputError
from slimnets.layers.block_runs import Recomputation
from slimnets.layers.computation import Computation, computing
from slimnets.nets import table


class Noted(NamedTuple):
    """Notes how it was built, and takes every `stride`th pixel."""

    name: str
    stride: int
    built: list

    def build(self, net, stride, rate):
        self.built.append((self.name, stride, rate))
        return net[:, ::stride, ::stride] + 1


class Forked(Noted):
    """Has an end point inside."""

    def build(self, net, stride, rate):
        net = super().build(net, stride, rate)
        return net * 2, {f"{self.name}/before": net}


@pytest.fixture
def built():
    return []


@pytest.fixture
def rows(built):
    return [
        Noted("a", 2, built),
        table.Block((Noted("b", 2, built), Noted("c", 1, built))),
        Noted("", 1, built),
        Forked("d", 2, built),
    ]


IMAGES = tf.zeros([1, 16, 16, 1])


def test_every_row_has_its_end_point_in_order(rows, built):
    net, end_points = table.run_table(rows, IMAGES)
    assert list(end_points) == ["a", "b", "c", "d/before", "d"]
    assert [float(x[0, 0, 0, 0]) for x in end_points.values()] == [1, 2, 3, 5, 10]
    assert net is end_points["d"]
    assert net.shape == [1, 2, 2, 1]
    assert built == [("a", 2, 1), ("b", 2, 1), ("c", 1, 1), ("", 1, 1), ("d", 2, 1)]


@pytest.mark.parametrize(
    ("final", "names"), [("a", "a"), ("b", "ab"), ("c", "abc"), ("d", "abcd")]
)
def test_nothing_is_built_past_the_final_end_point(rows, built, final, names):
    net, end_points = table.run_table(rows, IMAGES, final)
    assert "".join(name for name, *_ in built) == names
    assert net is end_points[final]
    assert list(end_points)[-1] == final


def test_an_end_point_that_is_not_there_is_refused(rows):
    with pytest.raises(InputError, match=r"unknown end point 'e'; .*a, b, c, d"):
        table.run_table(rows, IMAGES, "e")


@pytest.mark.parametrize(
    ("output_stride", "expected"),
    [
        (1, [(1, 1), (1, 2), (1, 4), (1, 4), (1, 4)]),
        (2, [(2, 1), (1, 1), (1, 2), (1, 2), (1, 2)]),
        (4, [(2, 1), (2, 1), (1, 1), (1, 1), (1, 1)]),
        (8, [(2, 1), (2, 1), (1, 1), (1, 1), (2, 1)]),
        (None, [(2, 1), (2, 1), (1, 1), (1, 1), (2, 1)]),
    ],
)
def test_dilation_takes_the_place_of_strides(rows, built, output_stride, expected):
    table.run_table(rows, IMAGES, output_stride=output_stride)
    assert [tuple(place) for _, *place in built] == expected


def test_an_output_stride_that_is_not_offered_is_refused(rows):
    with pytest.raises(
        InputError, match=r"output_stride must be 4 or 8 \(or None\), not 2"
    ):
        table.run_table(rows, IMAGES, output_stride=2, output_strides=(4, 8))


def test_dilation_does_not_depend_on_the_final_end_point(rows):
    with pytest.raises(InputError, match="output_stride=3 cannot be reached"):
        table.run_table(rows, IMAGES, "a", output_stride=3)


def test_a_block_is_recomputed_as_one(rows, built):
    weight = tf.Variable(1.0)

    @tf.function(autograph=False)
    def gradient():
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weight)
            call = Recomputation([weight])
            with computing(Computation(recomputation=call)):
                net, _ = table.run_table(rows, IMAGES + weight)
            total = tf.reduce_sum(net)
        return tape.gradient(total, weight)

    assert float(gradient()) == 8.0  # 2 x 2 pixels, doubled by the last row
    names = [name for name, *_ in built]
    assert names == ["a", "b", "c", "", "d", "d", "", "b", "c", "a"]


def test_single_layers_need_not_be_recomputed(rows, built):
    call = Recomputation([])
    with computing(Computation(recomputation=call)):
        table.run_table(rows, IMAGES, recompute=False)
    assert not call.blocks
    assert [name for name, *_ in built] == ["a", "b", "c", "", "d"]
