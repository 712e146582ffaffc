"""Kinds of rows that several families' tables have; see slimnets.nets.table.Row."""

from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim


class Conv(NamedTuple):
    """A convolution, with biases, normalization and activation of the arg scope.

    Attributes:
      name: its end point and scope, which may be nested: 'conv1/conv1_1'.
      depth: number of filters.
      kernel: height and width of the filters.
      stride: >= 1.
      padding: 'SAME' or 'VALID'; None leaves it to the arg scope, 'SAME' if none says.
    """

    name: str
    depth: int
    kernel: int
    stride: int = 1
    padding: str | None = None

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        """Adds it to the graph."""
        return slim.conv2d(
            net,
            self.depth,
            self.kernel,
            stride,
            rate=rate,
            scope=self.name,
            **_given(self.padding),
        )

    def size_for(self, size: int) -> int:
        """Returns the least height and width that give `size`."""
        covered = self.kernel if self.padding == "VALID" else 1
        return (size - 1) * self.stride + covered


class MaxPool(NamedTuple):
    """A max pool.

    Attributes:
      name: its end point and scope.
      kernel: height and width of its windows.
      stride: >= 1.
      padding: 'SAME' or 'VALID'; None leaves it to the arg scope, 'VALID' if none says.
    """

    name: str
    kernel: int = 2
    stride: int = 2
    padding: str | None = None

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        """Adds it to the graph."""
        return slim.max_pool2d(
            net, self.kernel, stride, scope=self.name, **_given(self.padding)
        )

    def size_for(self, size: int) -> int:
        """Returns the least height and width that give `size`."""
        covered = 1 if self.padding == "SAME" else self.kernel
        return (size - 1) * self.stride + covered


class Flatten(NamedTuple):
    """All of an image's features in one vector."""

    name: str
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        """Adds it to the graph."""
        return slim.flatten(net)


class Dense(NamedTuple):
    """A fully connected layer of so many units, for features in a vector."""

    name: str
    units: int
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        """Adds it to the graph."""
        return slim.fully_connected(net, self.units, scope=self.name)


class Dropout(NamedTuple):
    """Dropout, which has no end point.

    Attributes:
      scope: its scope.
      keep_prob: the probability that a feature is kept, in (0, 1].
      is_training: whether it drops.
    """

    scope: str
    keep_prob: float
    is_training: bool | tf.Tensor
    name: str = ""
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        """Adds it to the graph."""
        return slim.dropout(
            net, self.keep_prob, is_training=self.is_training, scope=self.scope
        )


def _given(padding: str | None) -> dict[str, Any]:
    return {} if padding is None else {"padding": padding}
