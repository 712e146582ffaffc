"""MnasNet: the rows of figure 7, and of the network without squeeze-excite."""

import tensorflow as tf

from slimnets import slim
from slimnets.nets import mnasnet

v1 = tf.compat.v1


def built(network):
    """Returns a network's end points and its trainable variables' names."""
    with tf.Graph().as_default(), slim.arg_scope(mnasnet.mnasnet_arg_scope()):
        _, end_points = network(tf.zeros([1, 224, 224, 3]), is_training=False)
        names = {variable.op.name for variable in v1.trainable_variables()}
    return end_points, names


def shapes(end_points, *blocks):
    return [end_points[f"block{block}"].shape.as_list()[2:] for block in blocks]


def with_squeeze_excite(names):
    return {
        name.split("/")[1].removeprefix("block") for name in names if "excite" in name
    }


def test_a1_is_figure_7():
    end_points, names = built(mnasnet.mnasnet_a1)
    assert end_points["stem"].shape.as_list() == [1, 112, 112, 32]
    assert shapes(end_points, "1a", "2b", "3c", "4d", "5b", "6c", "7a") == [
        [112, 16],
        [56, 24],
        [28, 40],
        [14, 80],
        [14, 112],
        [7, 160],
        [7, 320],
    ]
    assert with_squeeze_excite(names) == {
        "3a",
        "3b",
        "3c",
        "5a",
        "5b",
        "6a",
        "6b",
        "6c",
    }
    assert "mnasnet_a1/block1a/expand/weights" not in names


def test_b1_has_no_squeeze_excite():
    end_points, names = built(mnasnet.mnasnet_b1)
    assert shapes(end_points, "1a", "2c", "3c", "4c", "5b", "6d", "7a") == [
        [112, 16],
        [56, 24],
        [28, 40],
        [14, 80],
        [14, 96],
        [7, 192],
        [7, 320],
    ]
    assert not with_squeeze_excite(names)


def test_training_drops_features_and_no_blocks():
    with tf.Graph().as_default() as graph:
        mnasnet.mnasnet_a1(tf.zeros([1, 32, 32, 3]), is_training=True)
        random = [
            op.name for op in graph.get_operations() if op.type == "RandomUniform"
        ]
    dropped = [name for name in random if "Initializer" not in name]
    assert dropped == ["mnasnet_a1/Dropout/dropout/random_uniform/RandomUniform"]
