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
from slimnets.nets.row import Network, set_image_size

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

NETWORKS: dict[str, Network] = {}


def register(row: Network) -> None:
    """Makes a network known under its name.

    Its builder gets the attribute `default_image_size`, which TF-Slim's users read,
    where it is this row's alone and bears its name.

    Raises:
      ValueError: there is a network of that name.
    """
    if row.name in NETWORKS:
        raise ValueError(f"there is a network {row.name!r} already; give another name")
    NETWORKS[row.name] = row
    if getattr(row.builder, "__name__", "") == row.name:
        set_image_size(row.builder, row.image_size)


for _family in FAMILIES:
    for _row in _family.NETWORKS:
        register(_row)


def get_row(network: str | Network) -> Network:
    """Returns the row of a network by name; InputError with the nearest if none."""
    if isinstance(network, Network):
        return network
    if network not in NETWORKS:
        raise errors.unknown("network", network, NETWORKS)
    return NETWORKS[network]


def list_networks(pattern: str = "*") -> list[str]:
    """Returns the names that match a shell wildcard, such as 'mobilenet*'."""
    return fnmatch.filter(NETWORKS, pattern)


def get_network_fn(
    network: str | Network,
    num_classes: int | None,
    weight_decay: float = 0.0,
    is_training: bool = False,
) -> Callable[..., tuple[tf.Tensor, dict[str, tf.Tensor]]]:
    """Returns a network with its classes, weight decay and mode filled in.

    Args:
      network: one of list_networks(), or a row such as a copy with a shorter table.
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
    row = get_row(network)

    @functools.wraps(row.builder)
    def network_fn(
        images: tf.Tensor, **kwargs: Any
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        with tf_slim.arg_scope(row.arg_scope(weight_decay=weight_decay)):
            return row.build(images, num_classes, is_training=is_training, **kwargs)

    network_fn.__name__ = row.name
    set_image_size(network_fn, row.image_size)
    return network_fn
