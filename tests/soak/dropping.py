"""A tiny network that draws random numbers in the ways that networks do, and images."""

from pathlib import Path

import tensorflow as tf

from slimnets import slim
from slimnets.datasets import arrays
from slimnets.nets.nasnet import operations
from slimnets.nets.row import Network
from tests.tiny_runs import CLASSES, toy_split


def dropping(
    images: tf.Tensor,
    num_classes: int | None = 3,
    is_training: bool = True,
    reuse: bool | None = None,
    scope: str = "Dropping",
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Builds batch norm, drop path and two layers of dropout."""
    with (
        tf.compat.v1.variable_scope(scope, reuse=reuse),
        slim.arg_scope(
            [slim.batch_norm, slim.dropout, operations.drop_path],
            is_training=is_training,
        ),
    ):
        net = slim.conv2d(images, 4, 3, normalizer_fn=slim.batch_norm, scope="Conv")
        net = operations.drop_path(slim.dropout(net, 0.7), 0.6)
        net = slim.dropout(tf.reduce_mean(net, [1, 2]), 0.8)
        logits = slim.fully_connected(
            net, num_classes, activation_fn=None, scope="Logits"
        )
    return logits, {"Logits": logits}


def _arg_scope(weight_decay: float = 0.0) -> dict:
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        weights_regularizer=slim.l2_regularizer(weight_decay),
    ) as defaults:
        return defaults


NETWORK = Network(
    "dropping",
    dropping,
    _arg_scope,
    image_size=8,
    preprocessing="cifarnet",
    classes=3,
    paper="",
    parameters=0,
    multiply_adds=0,
)


def make_data(folder: Path) -> str:
    """Writes 36 images of three classes; returns the folder."""
    splits = {"train": toy_split(36, 0), "validation": toy_split(6, 1)}
    arrays.convert(arrays.ArrayDataset("toy", classes=CLASSES, splits=splits), folder)
    return str(folder)
