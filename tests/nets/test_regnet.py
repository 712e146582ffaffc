"""RegNetY: widths by the paper's equations, and its residual unit."""

import itertools

import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.nets import regnet
from tests import tiny

v1 = tf.compat.v1

# Depths, widths and group widths as the paper's appendix prints them (table 9 on).
PRINTED = {
    "Y_400MF": ([1, 3, 6, 6], [48, 104, 208, 440], 8),
    "Y_1_6GF": ([2, 6, 17, 2], [48, 120, 336, 888], 24),
    "Y_8GF": ([2, 4, 10, 1], [224, 448, 896, 2016], 56),
}


@pytest.mark.parametrize("name", PRINTED)
def test_widths_are_those_printed(name):
    depths, widths, group_width = PRINTED[name]
    table = getattr(regnet, name)
    blocks = [
        (w, len(list(g))) for w, g in itertools.groupby(regnet.list_widths(table))
    ]
    assert blocks == list(zip(widths, depths, strict=True))
    assert table.g == group_width


def unit(depth, stride, rate=1, dense=False):
    """Returns a unit's output, what is inside, and the shapes of its weights."""
    with tf.Graph().as_default(), slim.arg_scope(regnet.regnet_arg_scope()):
        images = v1.placeholder(tf.float32, [1, 15, 15, 16])
        row = regnet.Unit("unit", depth, 8, stride)
        net, inside = row.build(images, 1 if dense else stride, rate)
        parts = {name.removeprefix("unit/"): end for name, end in inside.items()}
        shapes = {
            variable.op.name.removeprefix("unit/"): variable.shape.as_list()
            for variable in v1.trainable_variables()
            if variable.op.name.endswith("weights")
        }
    return net, parts, shapes


def test_a_unit_keeps_a_quarter_of_its_inputs_in_squeeze_excite():
    net, parts, shapes = unit(24, stride=2)
    assert net.shape.as_list() == [1, 8, 8, 24]
    assert list(parts) == ["shortcut", "conv1", "conv2", "squeeze_excite", "conv3"]
    assert shapes == {
        "shortcut/weights": [1, 1, 16, 24],
        "conv1/weights": [1, 1, 16, 24],
        "conv2/weights": [3, 3, 8, 24],
        "squeeze_excite/Conv/weights": [1, 1, 24, 4],
        "squeeze_excite/Conv_1/weights": [1, 1, 4, 24],
        "conv3/weights": [1, 1, 24, 24],
    }


def test_a_shortcut_has_weights_only_where_something_changes():
    assert "shortcut" not in unit(16, stride=1)[1]
    assert "shortcut" in unit(24, stride=1)[1]
    net, parts, _ = unit(16, stride=2, rate=2, dense=True)
    assert "shortcut" in parts
    assert net.shape.as_list() == [1, 15, 15, 16]


def test_classifier_is_trained_as_the_rest_and_drawn_narrower():
    with tf.Graph().as_default() as graph, slim.arg_scope(regnet.regnet_arg_scope()):
        short = tiny.short_row("regnet_y_400mf").arguments
        regnet.regnet_y_400mf(tf.zeros([1, 32, 32, 3]), 10, **short)
        drawn = graph.get_operation_by_name(
            "regnet_y_400mf/Logits/weights/Initializer/random_normal/stddev"
        )
        assert tf.get_static_value(drawn.outputs[0]) == pytest.approx(0.01)
