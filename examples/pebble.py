"""Pebble, a small network for small photos: one's own, from its table to its row.

    python -m train.train_image_classifier --model=examples/pebble.py:pebble \
        --train_dir=runs/pebble
    python -m eval.eval_image_classifier --checkpoint_path=runs/pebble

The first layers keep the image's size and the later ones halve it, each a depthwise
convolution followed by a pointwise one, as in MobileNet (Howard et al.,
arXiv:1704.04861, section 3.1).
"""

from typing import NamedTuple

import tensorflow as tf

import slimnets
from slimnets import slim


class Row(NamedTuple):
    """A separable convolution with batch norm and ReLU."""

    name: str
    depth: int
    stride: int = 1


TABLE = (
    Row("Separable_1", 32),
    Row("Separable_2", 64, stride=2),
    Row("Separable_3", 64),
    Row("Separable_4", 128, stride=2),
    Row("Separable_5", 128),
)


def pebble_arg_scope(weight_decay=0.0):
    """Returns the defaults of the layers: batch norm, and weight decay."""
    with slim.arg_scope(
        [slim.conv2d, slim.separable_conv2d],
        normalizer_fn=slim.batch_norm,
        normalizer_params={"decay": 0.99, "scale": True},
        weights_regularizer=slim.l2_regularizer(weight_decay),
    ) as scope:
        return scope


def build_pebble(images, num_classes, is_training=False, table=TABLE, scope="Pebble"):
    """Adds Pebble to the graph: logits [batch, classes], and end points by name."""
    end_points = {}
    with (
        tf.compat.v1.variable_scope(scope),
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net = end_points["Conv_0"] = slim.conv2d(images, 32, 3, scope="Conv_0")
        for row in table:
            net = slim.separable_conv2d(
                net, row.depth, 3, 1, stride=row.stride, scope=row.name
            )
            end_points[row.name] = net
        net = end_points["Features"] = tf.reduce_mean(net, [1, 2])
        if not num_classes:
            return net, end_points
        net = slim.dropout(net, 0.9, scope="Dropout")
        logits = slim.fully_connected(
            net, num_classes, activation_fn=None, normalizer_fn=None, scope="Logits"
        )
        end_points["Logits"] = logits
        return logits, end_points


pebble = slimnets.Network(
    name="pebble",
    builder=build_pebble,
    arg_scope=pebble_arg_scope,
    image_size=32,
    preprocessing="plain",
)
