"""A searched cell as a table, and the interpreter that reads it.

A cell has two inputs, its hidden states 0 and 1. Each row of its table makes one more:
two earlier ones, each after an operation, are added. The output joins some of them.
Figure 4 of arXiv:1707.07012 and figure 1 of arXiv:1712.00559 draw cells this way.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

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


class Cell:
    """Adds a cell to a network, by the `table` of its class.

    Args:
      num_conv_filters: channels of a hidden state where filter_scaling is 1.
      drop_path_keep_prob: the probability that an operation's result is kept, in the
        last cell, at the end of training (ScheduledDropPath of arXiv:1707.07012).
      total_num_cells: of the network; cells before the last drop less, linearly.
      total_training_steps: until drop_path_keep_prob is reached, linearly.
      use_bounded_activation: keep values within 6, for quantized inference.
      pools_see_padding: strided pools see zeros around images, not pixels alone.
    """

    table: CellTable

    def __init__(
        self,
        num_conv_filters: int,
        drop_path_keep_prob: float,
        total_num_cells: int,
        total_training_steps: int,
        use_bounded_activation: bool = False,
        pools_see_padding: bool = False,
    ):
        self._num_conv_filters = num_conv_filters
        self._drop_path_keep_prob = drop_path_keep_prob
        self._total_num_cells = total_num_cells
        self._total_training_steps = total_training_steps
        self._bounded = use_bounded_activation
        self._pools_see_padding = pools_see_padding

    def __call__(
        self,
        net: tf.Tensor,
        scope: str | None = None,
        filter_scaling: float = 1,
        stride: int = 1,
        prev_layer: tf.Tensor | None = None,
        cell_num: int = -1,
        current_step: int | tf.Tensor | tf.Variable | None = None,
        prev_stride: int | None = None,
    ) -> tf.Tensor:
        """Adds the cell.

        Args:
          net: output of the cell before, float [batch, height, width, channels] or
            NCHW by arg_scope.
          scope: variable scope.
          filter_scaling: multiplies num_conv_filters.
          stride: 1 or 2, of the operations on the cell's inputs.
          prev_layer: output of an earlier cell; None takes net.
          cell_num: the cell's place in the network from 0; drop path needs it.
          current_step: of training, for drop path. None takes the graph's global step,
            making one where there is none yet; eagerly and in a `tf.function`, where
            no graph keeps one, it stands for step 0, which drops nothing.
          prev_stride: prev_layer's size divided by net's, 1 or 2; None compares their
            static shapes.

        Returns:
          float [batch, ceil(height / stride), ceil(width / stride), channels], where
          channels are those of a hidden state times the number of states joined.
        """
        layers = _Layers(
            int(self._num_conv_filters * filter_scaling),
            stride,
            self._keep_prob(cell_num, current_step),
            self._bounded,
            self._pools_see_padding,
        )
        if prev_stride is None:
            same = prev_layer is None or prev_layer.shape[2] == net.shape[2]
            prev_stride = 1 if same else 2
        with tf.compat.v1.variable_scope(scope):
            states = layers.inputs(net, prev_layer, prev_stride)
            for number, row in enumerate(self.table.sums):
                with tf.compat.v1.variable_scope(f"comb_iter_{number}"):
                    states.append(layers.added(row, states))
            with tf.compat.v1.variable_scope("cell_output"):
                return layers.joined([(i, states[i]) for i in self.table.joined])

    def _keep_prob(self, cell_num: int, current_step: Any) -> tf.Tensor | None:
        """Returns drop path's probability here and now; None where nothing drops."""
        if self._drop_path_keep_prob >= 1:
            return None
        if cell_num < 0:
            raise errors.InputError("drop path needs cell_num, the cell's place from 0")
        if current_step is None:
            if tf.compat.v1.executing_eagerly_outside_functions():
                return None
            current_step = tf.compat.v1.train.get_or_create_global_step()
        depth = (cell_num + 1) / self._total_num_cells
        progress = tf.cast(current_step, tf.float32) / self._total_training_steps
        return 1 - tf.minimum(1.0, progress) * depth * (1 - self._drop_path_keep_prob)


class _Layers(NamedTuple):
    """The layers of one cell; they have variables in the scope that is open."""

    filters: int
    stride: int
    keep_prob: tf.Tensor | None
    bounded: bool
    pools_see_padding: bool

    def inputs(
        self, net: tf.Tensor, prev_layer: tf.Tensor | None, prev_stride: int
    ) -> list[tf.Tensor]:
        """Returns the hidden states 0 and 1, of one size and number of channels.

        Without a prev_layer the second is net as it is: operations bring it to size.
        """
        activate = operations.activation(self.bounded)
        if prev_layer is None:
            previous = net
        elif prev_stride != 1:
            previous = operations.factorized_reduction(
                activate(prev_layer), self.filters, prev_stride
            )
        elif operations.get_channel_dim(prev_layer.shape) != self.filters:
            previous = operations.convolved(
                activate(prev_layer), self.filters, "prev_1x1", "prev_bn"
            )
        else:
            previous = prev_layer
        current = operations.convolved(
            activate(net), self.filters, "1x1", "beginning_bn"
        )
        return [current, previous]

    def added(self, row: Sum, states: Sequence[tf.Tensor]) -> tf.Tensor:
        """Returns the hidden state that a row of the table makes."""
        with tf.compat.v1.variable_scope("left"):
            left = self._operated(*row.left, states)
        with tf.compat.v1.variable_scope("right"):
            right = self._operated(*row.right, states)
        with tf.compat.v1.variable_scope("combine"):
            return tf.nn.relu6(left + right) if self.bounded else left + right

    def joined(self, states: Sequence[tuple[int, tf.Tensor]]) -> tf.Tensor:
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

    def _operated(
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
        return operations.convolved(net, self.filters, "1x1", "bn_1", stride)

    def _kernel(self, net: tf.Tensor, operation: str, stride: int) -> tf.Tensor:
        parts = _OPERATION.fullmatch(operation)
        if parts is None:
            raise errors.InputError(
                f"unknown operation {operation!r} in a cell's table"
            )
        kind, kernel, repeats = parts.groups()
        if kind == "separable":
            return self._separable(net, int(kernel), int(repeats or 1), stride)
        return self._pooled(net, _POOLS[kind], int(kernel), stride)

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

    def _pooled(
        self, net: tf.Tensor, pool: Callable[..., tf.Tensor], kernel: int, stride: int
    ) -> tf.Tensor:
        if self.bounded:
            net = tf.nn.relu6(net)
        channels = operations.get_channel_dim(net.shape)
        padding = "SAME"
        if self.pools_see_padding and stride > 1:
            net, padding = operations.padded(net, kernel, stride), "VALID"
        net = pool(net, kernel, stride=stride, padding=padding)
        if channels == self.filters:
            return net
        return operations.convolved(net, self.filters, "1x1", "bn_1")
