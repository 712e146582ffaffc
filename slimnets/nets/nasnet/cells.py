"""A searched cell as a table, and the interpreter that reads it.

A cell has two inputs, its hidden states 0 and 1. Each row of its table makes one more:
two earlier ones, each after an operation, are added. The output joins some of them.
Figure 4 of arXiv:1707.07012 and figure 1 of arXiv:1712.00559 draw cells this way.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets.nasnet import operations

CURRENT, PREVIOUS = 0, 1  # h_i and h_(i-1) of the papers' figures
BOUND = 6.0  # of what is added, with bounded activations: those of relu6

_OPERATION = re.compile(r"(separable|avg_pool|max_pool)_(\d+)x\2(?:_(\d+))?")
_POOLS = {"avg_pool": slim.avg_pool2d, "max_pool": slim.max_pool2d}


class Sum(NamedTuple):
    """A new hidden state: an operation on each of two earlier ones, added.

    Operations: 'separable_5x5_2' is relu, separable 5x5 convolution and batch norm,
    twice; 'avg_pool_3x3' and 'max_pool_3x3' pool; 'none' leaves its input alone.
    """

    left: tuple[int, str]  # hidden state, operation
    right: tuple[int, str]


class CellTable(NamedTuple):
    """A cell: its sums make the hidden states 2, 3, ...; `joined` are its output."""

    sums: tuple[Sum, ...]
    joined: tuple[int, ...]


class Cell(NamedTuple):
    """A cell at its place in a network.

    Attributes:
      table: what it computes.
      filters: channels of a hidden state.
      stride: 1 or 2, of the operations on the cell's inputs.
      keep_prob: the probability that an operation's result is kept (drop path); None
        where nothing drops.
      bounded: keep values within 6, for quantized inference.
      pools_see_padding: strided pools see zeros around images, not pixels alone;
        'average': average pools do.
    """

    table: CellTable
    filters: int
    stride: int = 1
    keep_prob: tf.Tensor | None = None
    bounded: bool = False
    pools_see_padding: bool | str = False

    def build(
        self,
        net: tf.Tensor,
        previous: tf.Tensor | None = None,
        *,
        scope: str | None,
        previous_stride: int = 1,
    ) -> tf.Tensor:
        """Adds it to the graph.

        Args:
          net: output of the cell before, float [batch, height, width, channels] or
            NCHW by arg_scope.
          previous: output of an earlier cell; None takes net.
          scope: variable scope.
          previous_stride: previous' size divided by net's, 1 or 2.

        Returns:
          float [batch, ceil(height / stride), ceil(width / stride), channels], where
          channels are those of a hidden state times the number of states joined.
        """
        with tf.compat.v1.variable_scope(scope):
            states = self._match_inputs(net, previous, previous_stride)
            for number, row in enumerate(self.table.sums):
                with tf.compat.v1.variable_scope(f"comb_iter_{number}"):
                    states.append(self._add(row, states))
            with tf.compat.v1.variable_scope("cell_output"):
                return self._join([(i, states[i]) for i in self.table.joined])

    def _match_inputs(
        self, net: tf.Tensor, previous: tf.Tensor | None, previous_stride: int
    ) -> list[tf.Tensor]:
        """Returns the hidden states 0 and 1, of one size and number of channels.

        Without a previous the second is net as it is: operations bring it to size.
        """
        activate = operations.activation(self.bounded)
        if previous is None:
            previous = net
        elif previous_stride != 1:
            previous = operations.factorized_reduction(
                activate(previous), self.filters, previous_stride
            )
        elif operations.get_channel_dim(previous.shape) != self.filters:
            previous = operations.convolve(
                activate(previous), self.filters, "prev_1x1", "prev_bn"
            )
        current = operations.convolve(
            activate(net), self.filters, "1x1", "beginning_bn"
        )
        return [current, previous]

    def _add(self, row: Sum, states: Sequence[tf.Tensor]) -> tf.Tensor:
        """Returns the hidden state that a row of the table makes."""
        with tf.compat.v1.variable_scope("left"):
            left = self._operate(*row.left, states)
        with tf.compat.v1.variable_scope("right"):
            right = self._operate(*row.right, states)
        with tf.compat.v1.variable_scope("combine"):
            return tf.nn.relu6(left + right) if self.bounded else left + right

    def _join(self, states: Sequence[tuple[int, tf.Tensor]]) -> tf.Tensor:
        """Concatenates hidden states, given with their indices."""
        alike = []
        for index, net in states:
            stride = self._stride_from(index)
            if stride > 1 or operations.get_channel_dim(net.shape) != self.filters:
                with tf.compat.v1.variable_scope(f"reduction_{index}"):
                    net = operations.factorized_reduction(net, self.filters, stride)
            alike.append(net)
        return tf.concat(alike, operations.get_channel_index())

    def _stride_from(self, index: int) -> int:
        """Returns a hidden state's size divided by the output's."""
        return self.stride if index in (CURRENT, PREVIOUS) else 1

    def _operate(
        self, index: int, operation: str, states: Sequence[tf.Tensor]
    ) -> tf.Tensor:
        net, stride = states[index], self._stride_from(index)
        if operation == "none":
            net = self._identity(net, stride)
        else:
            net = self._kernel(net, operation, stride)
        if self.bounded:
            net = tf.clip_by_value(net, -BOUND, BOUND)
        if operation == "none" or self.keep_prob is None:
            return net
        return operations.drop_path(net, self.keep_prob)

    def _identity(self, net: tf.Tensor, stride: int) -> tf.Tensor:
        """Leaves net alone, or brings it to size by a 1x1 convolution."""
        if stride == 1 and operations.get_channel_dim(net.shape) == self.filters:
            return tf.nn.relu6(net) if self.bounded else net
        net = operations.activation(self.bounded)(net)
        return operations.convolve(net, self.filters, "1x1", "bn_1", stride)

    def _kernel(self, net: tf.Tensor, operation: str, stride: int) -> tf.Tensor:
        parts = _OPERATION.fullmatch(operation)
        if parts is None:
            raise errors.InputError(
                f"unknown operation {operation!r} in a cell's table"
            )
        kind, kernel, repeats = parts.groups()
        if kind == "separable":
            return self._separable(net, int(kernel), int(repeats or 1), stride)
        return self._pool(net, kind, int(kernel), stride)

    def _separable(
        self, net: tf.Tensor, kernel: int, repeats: int, stride: int
    ) -> tf.Tensor:
        for number in range(1, repeats + 1):
            net = slim.separable_conv2d(
                operations.activation(self.bounded)(net),
                self.filters,
                kernel,
                stride=stride if number == 1 else 1,
                scope=f"separable_{kernel}x{kernel}_{number}",
            )
            net = slim.batch_norm(net, scope=f"bn_sep_{kernel}x{kernel}_{number}")
        return net

    def _pool(self, net: tf.Tensor, kind: str, kernel: int, stride: int) -> tf.Tensor:
        if self.bounded:
            net = tf.nn.relu6(net)
        channels = operations.get_channel_dim(net.shape)
        padding = "SAME"
        sees_padding = self.pools_see_padding
        if sees_padding == "average":
            sees_padding = kind == "avg_pool"
        if sees_padding and stride > 1:
            net, padding = operations.pad(net, kernel, stride), "VALID"
        net = _POOLS[kind](net, kernel, stride=stride, padding=padding)
        if channels == self.filters:
            return net
        return operations.convolve(net, self.filters, "1x1", "bn_1")
