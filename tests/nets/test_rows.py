"""Rows that families share: padding is the arg scope's where the table says none."""

import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.nets.rows import Conv, Dense, Dropout, Flatten, MaxPool


def size(row, *scopes, side=7):
    with tf.Graph().as_default(), slim.arg_scope(list(scopes), padding="SAME"):
        return row.build(tf.zeros([1, side, side, 1]), row.stride, 1).shape[1]


def test_padding():
    assert size(Conv("a", 1, 3)) == 7
    assert size(Conv("a", 1, 3, padding="VALID"), slim.conv2d) == 5
    assert size(MaxPool("a")) == 3
    assert size(MaxPool("a"), slim.max_pool2d) == 4
    assert size(MaxPool("a", padding="VALID"), slim.max_pool2d) == 3


def test_dilation():
    with tf.Graph().as_default():
        net = Conv("a", 1, 3, padding="VALID").build(tf.zeros([1, 7, 7, 1]), 1, 2)
    assert net.shape == [1, 3, 3, 1]


@pytest.mark.parametrize("padding", ["SAME", "VALID", None])
@pytest.mark.parametrize("kind", [Conv, MaxPool])
def test_the_least_size_that_gives_another(kind, padding):
    row = Conv("a", 1, 3, 2, padding) if kind is Conv else MaxPool("a", 3, 2, padding)
    least = row.size_for(4)
    assert (size(row, side=least - 1), size(row, side=least)) == (3, 4)


def test_features_in_a_vector():
    with tf.Graph().as_default():
        net = Flatten("flat").build(tf.zeros([2, 3, 3, 4]), 1, 1)
        units = Dense("fc", 5).build(net, 1, 1)
        names = [variable.op.name for variable in tf.compat.v1.global_variables()]
    assert (net.shape, units.shape) == ([2, 36], [2, 5])
    assert names == ["fc/weights", "fc/biases"]


def test_dropout_drops_in_training():
    ones = tf.ones([1, 1000])
    kept = Dropout("drop", 0.5, True).build(ones, 1, 1)
    assert 300 < int(tf.math.count_nonzero(kept)) < 700
    assert tf.reduce_all(Dropout("drop", 0.5, False).build(ones, 1, 1) == ones)
