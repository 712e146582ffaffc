"""The networks by name: the rows that the families' files end with."""

import fnmatch
import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tf_slim

from slimnets import errors
from slimnets.nets import (
    alexnet,
    cifarnet,
    convnext,
    densenet,
    efficientnet,
    inception_resnet_v2,
    inception_v1,
    inception_v2,
    inception_v3,
    inception_v4,
    lenet,
    mnasnet,
    mobilenet_v1,
    overfeat,
    regnet,
    resnet50,
    resnet_v1,
    resnet_v2,
    vgg,
    xception,
)
from slimnets.nets.mobilenet import mobilenet_v2, mobilenet_v3, mobilenet_v4
from slimnets.nets.nasnet import nasnet, pnasnet
from slimnets.nets.row import Network

# The order in which they are listed.
FAMILIES = (
    lenet,
    cifarnet,
    alexnet,
    inception_v1,
    inception_v2,
    inception_v3,
    inception_v4,
    inception_resnet_v2,
    overfeat,
    vgg,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    mobilenet_v4,
    nasnet,
    pnasnet,
    resnet_v1,
    resnet_v2,
    resnet50,
    efficientnet,
    mnasnet,
    densenet,
    xception,
    convnext,
    regnet,
)

NETWORKS: dict[str, Network] = {
    row.name: row for family in FAMILIES for row in family.NETWORKS
}


def get_row(name: str) -> Network:
    """Returns the row of network `name`; InputError with the nearest names if none."""
    if name not in NETWORKS:
        raise errors.unknown("network", name, NETWORKS)
    return NETWORKS[name]


def list_networks(pattern: str = "*") -> list[str]:
    """Returns the names that match a shell wildcard, such as 'mobilenet*'."""
    return fnmatch.filter(NETWORKS, pattern)


def get_network_fn(
    name: str,
    num_classes: int | None,
    weight_decay: float = 0.0,
    is_training: bool = False,
) -> Callable[..., tuple[tf.Tensor, dict[str, tf.Tensor]]]:
    """Returns a network with its classes, weight decay and mode filled in.

    Args:
      name: one of list_networks().
      num_classes: number of logits; None or 0 gives features instead.
      weight_decay: of the L2 regularizers, >= 0.
      is_training: whether dropout and batch norm train.

    Returns:
      `network_fn(images, **kwargs) -> (net, end_points)`, which passes kwargs to the
      builder and opens the network's arg scope at each call; and its
      `default_image_size`.

    Raises:
      ValueError: there is no such network; the message has the nearest names.
    """
    row = get_row(name)

    @functools.wraps(row.builder)
    def network_fn(
        images: tf.Tensor, **kwargs: Any
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        with tf_slim.arg_scope(row.arg_scope(weight_decay=weight_decay)):
            return row.builder(images, num_classes, is_training=is_training, **kwargs)

    network_fn.default_image_size = row.image_size
    return network_fn
