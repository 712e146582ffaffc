"""A network's graph without weights: its shapes, names and ops.

A placeholder takes the place of each variable. The graph then has a quarter of the ops
that variables and their initializers need, and is traced in a quarter of the time.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets.layers import computation
from slimnets.nets import registry
from slimnets.nets.row import Network


class Blueprint(NamedTuple):
    """A network traced for one image.

    Attributes:
      graph: holds all of it.
      images: its input, float [1, size, size, channels].
      net: what its builder returns first, logits or features.
      end_points: every activation by name.
      variables: by TF-Slim name, in the order in which the builder asked for them.
      trainable: names of those that training changes by gradient.
    """

    graph: tf.Graph
    images: tf.Tensor
    net: tf.Tensor
    end_points: dict[str, tf.Tensor]
    variables: dict[str, tf.Tensor]
    trainable: frozenset[str]


def trace(
    network: str | Network,
    num_classes: int | None,
    image_size: int | None = None,
    channels: int | None = None,
    *,
    is_training: bool = False,
) -> Blueprint:
    """Builds a network's graph.

    Args:
      network: a name in the registry, or a row.
      num_classes: number of logits; None for features.
      image_size: height and width in pixels; None takes the network's own.
      channels: of the images; None takes the network's own.
      is_training: build it as for training, but that batch norm normalizes by its
        moving averages: the placeholders cannot be moved.

    Raises:
      ValueError: there is no such network, or the images do not suit it.
    """
    row = registry.get_row(network)
    network_fn = registry.get_network_fn(row, num_classes, is_training=is_training)
    way = dataclasses.replace(computation.current(), frozen_batch_norm=True)
    size = image_size or row.image_size
    variables: dict[str, tf.Tensor] = {}
    trainable: set[str] = set()
    with tf.Graph().as_default() as graph, computation.computing(way):
        images = tf.compat.v1.placeholder(
            tf.float32, [1, size, size, channels or row.channels]
        )
        with tf.compat.v1.variable_scope(
            "",
            reuse=tf.compat.v1.AUTO_REUSE,
            custom_getter=_make_placeholders(variables, trainable),
        ):
            net, end_points = network_fn(images)
    return Blueprint(graph, images, net, end_points, variables, frozenset(trainable))


def _make_placeholders(
    variables: dict[str, tf.Tensor], trainable: set[str]
) -> Callable[..., tf.Tensor]:
    """Returns a variable getter that makes placeholders and records them.

    Args:
      variables: receives them by name.
      trainable: receives the names of trainable ones.
    """

    def get_placeholder(
        getter: Callable[..., Any],
        name: str,
        shape: Any = None,
        dtype: tf.DType = tf.float32,
        **options: Any,
    ) -> tf.Tensor:
        if name not in variables:
            with tf.name_scope("variables/"):  # names of layers stay the layers' own
                variables[name] = tf.compat.v1.placeholder(dtype, shape, name)
            if options.get("trainable") is not False:
                trainable.add(name)
        return variables[name]

    return get_placeholder
