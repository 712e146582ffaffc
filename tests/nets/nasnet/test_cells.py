"""The interpreter of cells' tables."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets.nasnet import cells, nasnet_utils, network
from tests import v1_graph
from tests.goldens import fill


def cell_of(operations, indices, used, keep_prob=1.0, bounded=False):
    return nasnet_utils.NasNetABaseCell(
        4, operations, used, indices, keep_prob, 5, 100, bounded
    )


def ran(cell, net, previous=None, **arguments):
    """Returns a cell's output in inference and the shapes of its weights."""
    with (
        tf.Graph().as_default(),
        tf.compat.v1.Session() as session,
        slim.arg_scope(network.arg_scope(0.0, 0.9, 0.0)),
        slim.arg_scope([slim.batch_norm], is_training=False),
    ):
        outputs = cell(tf.constant(net), "cell", prev_layer=previous, **arguments)
        v1_graph.initialize(
            session,
            lambda name, shape: (
                fill.weight(name, shape)
                if name.endswith("weights")
                else np.full(shape, float(name.endswith(("gamma", "variance"))))
            ),
        )
        variables = v1_graph.all_variables().items()
        weights = {n: v.shape.as_list() for n, v in variables if "weights" in n}
        return session.run(outputs), weights


def squeezed(net):
    """Returns hidden state 0 of a cell of 4 filters."""
    weights = fill.weight("cell/1x1/weights", [1, 1, net.shape[-1], 4])
    return np.maximum(net, 0) @ weights[0, 0]


def test_lists_say_the_same_as_a_table():
    cell = nasnet_utils.NasNetABaseCell(
        num_conv_filters=44,
        operations=[
            "separable_5x5_2",
            "separable_3x3_2",
            "separable_5x5_2",
            "separable_3x3_2",
            "avg_pool_3x3",
            "none",
            "avg_pool_3x3",
            "avg_pool_3x3",
            "separable_3x3_2",
            "none",
        ],
        used_hiddenstates=[1, 0, 0, 0, 0, 0, 0],
        hiddenstate_indices=[0, 1, 1, 1, 0, 1, 1, 1, 0, 0],
        drop_path_keep_prob=1.0,
        total_num_cells=16,
        total_training_steps=100,
    )
    assert cell.table == nasnet_utils.NasNetANormalCell.table


def test_a_cell_adds_and_joins_as_its_table_says():
    net, previous = fill.images(2, 6, 6, 3), -fill.images(2, 6, 6, 4)
    cell = cell_of(["none", "none", "max_pool_3x3", "none"], [0, 1, 2, 1], [1, 0, 1, 0])
    outputs, _ = ran(cell, net, previous)
    total = squeezed(net) + previous
    pooled = tf.nn.max_pool2d(total, 3, 1, "SAME").numpy()
    expected = np.concatenate([previous, pooled + previous], -1)
    np.testing.assert_allclose(outputs, expected, 1e-4, 1e-5)


def test_only_what_comes_from_outside_is_strided():
    net = fill.images(2, 7, 9, 4)
    cell = cell_of(
        ["max_pool_3x3", "none", "none", "separable_5x5_2"],
        [0, 0, 2, 2],
        [1, 1, 1, 0],
    )
    outputs, weights = ran(cell, net, stride=2)
    assert outputs.shape == (2, 4, 5, 4)
    assert weights == {
        "cell/1x1/weights": [1, 1, 4, 4],
        "cell/comb_iter_0/right/1x1/weights": [1, 1, 4, 4],
        "cell/comb_iter_1/right/separable_5x5_1/depthwise_weights": [5, 5, 4, 1],
        "cell/comb_iter_1/right/separable_5x5_1/pointwise_weights": [1, 1, 4, 4],
        "cell/comb_iter_1/right/separable_5x5_2/depthwise_weights": [5, 5, 4, 1],
        "cell/comb_iter_1/right/separable_5x5_2/pointwise_weights": [1, 1, 4, 4],
    }


@pytest.mark.parametrize(
    ("previous_shape", "added"),
    [
        ([2, 6, 6, 4], []),
        ([2, 6, 6, 5], ["cell/prev_1x1/weights"]),
        ([2, 12, 11, 4], ["cell/path1_conv/weights", "cell/path2_conv/weights"]),
    ],
)
def test_an_earlier_output_is_brought_to_size(previous_shape, added):
    cell = cell_of(["none", "none"], [1, 1], [1, 1, 0])
    outputs, weights = ran(cell, fill.images(2, 6, 6, 3), fill.images(*previous_shape))
    assert outputs.shape == (2, 6, 6, 4)
    assert list(weights) == [*added, "cell/1x1/weights"]


def test_bounded_activations_stay_bounded():
    net, previous = 100 * fill.images(2, 6, 6, 3), 100 * fill.images(2, 6, 6, 4)
    cell = cell_of(
        ["separable_3x3", "none", "avg_pool_3x3", "none"],
        [0, 1, 1, 0],
        [1, 1, 0, 0],
        bounded=True,
    )
    outputs, _ = ran(cell, net, previous)
    assert outputs.min() == 0
    assert outputs.max() == 6


@pytest.mark.parametrize("operation", ["separable_3x5_2", "min_pool_3x3", "zero"])
def test_an_unknown_operation_is_an_error(operation):
    cell = cell_of([operation, "none"], [0, 0], [1, 1, 0])
    with pytest.raises(errors.InputError, match=f"unknown operation '{operation}'"):
        ran(cell, fill.images(2, 6, 6, 3))


class Recorder:
    """Stands in for drop_path."""

    def __init__(self, monkeypatch):
        self.keep_probs = []
        monkeypatch.setattr(cells.operations, "drop_path", self)

    def __call__(self, net, keep_prob):
        self.keep_probs.append(keep_prob)
        return net


POOLS = ["avg_pool_3x3", "none"], [0, 0], [1, 1, 0]


@pytest.mark.parametrize(
    ("cell_num", "step", "expected"),
    [
        (0, 0, 1.0),
        (4, 0, 1.0),
        (4, 50, 0.8),
        (4, 100, 0.6),
        (4, 900, 0.6),
        (0, 100, 0.92),
        (1, 25, 0.96),
    ],
)
def test_drop_path_grows_with_depth_and_in_the_course_of_training(
    monkeypatch, cell_num, step, expected
):
    recorder = Recorder(monkeypatch)
    cell = cell_of(*POOLS, keep_prob=0.6)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        cell(tf.zeros([1, 4, 4, 4]), "cell", cell_num=cell_num, current_step=step)
        (keep_prob,) = session.run(recorder.keep_probs)
    np.testing.assert_allclose(keep_prob, expected, 1e-6)


@pytest.mark.parametrize("there", [False, True])
def test_a_graphs_global_step_is_taken_and_made_if_there_is_none(monkeypatch, there):
    recorder = Recorder(monkeypatch)
    cell = cell_of(*POOLS, keep_prob=0.6)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        if there:
            tf.compat.v1.train.create_global_step()
        cell(tf.zeros([1, 4, 4, 4]), "cell", cell_num=4)
        step = tf.compat.v1.train.get_global_step()
        assert step.op.name == "global_step"
        session.run(step.assign(50))
        (keep_prob,) = session.run(recorder.keep_probs)
    np.testing.assert_allclose(keep_prob, 0.8, 1e-6)


def test_drop_path_without_the_cells_place_is_an_error():
    with tf.Graph().as_default(), pytest.raises(errors.InputError, match="cell_num"):
        cell_of(*POOLS, keep_prob=0.6)(tf.zeros([1, 4, 4, 4]), "cell", current_step=1)


@pytest.mark.parametrize(
    ("seeing", "mean", "largest"),
    [(False, -1, -1), (True, -4 / 9, 0), ("average", -4 / 9, -1)],
)
def test_which_pools_see_zeros_around_images(seeing, mean, largest):
    """The last window of an even size is over four pixels and five zeros."""
    cell = cells.Cell(cells.CellTable((), ()), 1, pools_see_padding=seeing)
    net = -tf.ones([1, 4, 4, 1])
    for kind, expected in (("avg_pool", mean), ("max_pool", largest)):
        pooled = cell._pool(net, kind, 3, 2)
        np.testing.assert_allclose(pooled[0, 1, 1, 0], expected, rtol=1e-6)
