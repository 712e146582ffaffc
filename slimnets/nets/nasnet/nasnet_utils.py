"""NASNet-A's two cells and where the reductions go: research/slim's nasnet_utils.

cell = nasnet_utils.NasNetANormalCell(44, 1.0, 16, 250000)
net = cell(net, scope="cell_0", prev_layer=previous, cell_num=2)
"""

from collections.abc import Sequence

import tensorflow as tf

from slimnets import errors
from slimnets.nets.nasnet import cells, nasnet
from slimnets.nets.nasnet.network import calc_reduction_layers
from slimnets.nets.nasnet.operations import (
    drop_path,
    drop_path_keep_prob_at,
    factorized_reduction,
    get_channel_dim,
    get_channel_index,
    global_avg_pool,
)

__all__ = [
    "NasNetABaseCell",
    "NasNetANormalCell",
    "NasNetAReductionCell",
    "calc_reduction_layers",
    "drop_path",
    "factorized_reduction",
    "get_channel_dim",
    "get_channel_index",
    "global_avg_pool",
]


class TableCell:
    """Adds a cell to a network, by the `table` of its class.

    Args:
      num_conv_filters: channels of a hidden state where filter_scaling is 1.
      drop_path_keep_prob: the probability that an operation's result is kept, in the
        last cell, at the end of training (ScheduledDropPath of arXiv:1707.07012).
      total_num_cells: of the network; cells before the last drop less, linearly.
      total_training_steps: until drop_path_keep_prob is reached, linearly.
      use_bounded_activation: keep values within 6, for quantized inference.
    """

    table: cells.CellTable

    def __init__(
        self,
        num_conv_filters: int,
        drop_path_keep_prob: float,
        total_num_cells: int,
        total_training_steps: int,
        use_bounded_activation: bool = False,
    ):
        self._num_conv_filters = num_conv_filters
        self._drop_path_keep_prob = drop_path_keep_prob
        self._total_num_cells = total_num_cells
        self._total_training_steps = total_training_steps
        self._bounded = use_bounded_activation

    def __call__(
        self,
        net: tf.Tensor,
        scope: str | None = None,
        filter_scaling: float = 1,
        stride: int = 1,
        prev_layer: tf.Tensor | None = None,
        cell_num: int = -1,
        current_step: int | tf.Tensor | tf.Variable | None = None,
    ) -> tf.Tensor:
        """Adds the cell.

        Args:
          net: output of the cell before, float [batch, height, width, channels] or
            NCHW by arg_scope.
          scope: variable scope.
          filter_scaling: multiplies num_conv_filters.
          stride: 1 or 2, of the operations on the cell's inputs.
          prev_layer: output of an earlier cell, of net's height and width or twice
            that; None takes net.
          cell_num: the cell's place in the network from 0; drop path needs it.
          current_step: of training, for drop path; see drop_path_keep_prob_at.

        Returns:
          float [batch, ceil(height / stride), ceil(width / stride), channels], where
          channels are those of a hidden state times the number of states joined.
        """
        if self._drop_path_keep_prob < 1 and cell_num < 0:
            raise errors.InputError("drop path needs cell_num, the cell's place from 0")
        keep_prob = drop_path_keep_prob_at(
            (cell_num + 1) / self._total_num_cells,
            self._drop_path_keep_prob,
            self._total_training_steps,
            current_step,
        )
        filters = int(self._num_conv_filters * filter_scaling)
        cell = cells.Cell(self.table, filters, stride, keep_prob, self._bounded)
        of_one_size = prev_layer is None or (
            tf.compat.dimension_value(prev_layer.shape[2])
            == tf.compat.dimension_value(net.shape[2])
        )
        return cell.build(
            net, prev_layer, scope=scope, previous_stride=1 if of_one_size else 2
        )


class NasNetABaseCell(TableCell):
    """A cell whose table is given as lists, as research/slim has them.

    Args:
      num_conv_filters: as TableCell, and so all that are not told here.
      operations: two a sum, left and right.
      used_hiddenstates: by hidden state; those that are false or 0 are joined.
      hiddenstate_indices: two a sum, what the operations are applied to.
    """

    def __init__(
        self,
        num_conv_filters: int,
        operations: Sequence[str],
        used_hiddenstates: Sequence[bool | int],
        hiddenstate_indices: Sequence[int],
        drop_path_keep_prob: float,
        total_num_cells: int,
        total_training_steps: int,
        use_bounded_activation: bool = False,
    ):
        super().__init__(
            num_conv_filters,
            drop_path_keep_prob,
            total_num_cells,
            total_training_steps,
            use_bounded_activation,
        )
        terms = list(zip(hiddenstate_indices, operations, strict=True))
        pairs = zip(terms[::2], terms[1::2], strict=True)
        unused = [i for i, used in enumerate(used_hiddenstates) if not used]
        self.table = cells.CellTable(
            tuple(cells.Sum(*pair) for pair in pairs), tuple(unused)
        )


class NasNetANormalCell(TableCell):
    """NASNet-A's Normal Cell: arXiv:1707.07012, figure 4, left."""

    table = nasnet.NORMAL


class NasNetAReductionCell(TableCell):
    """NASNet-A's Reduction Cell: arXiv:1707.07012, figure 4, right."""

    table = nasnet.REDUCTION
