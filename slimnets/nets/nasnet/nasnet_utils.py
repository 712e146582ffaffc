"""NASNet-A's two cells and where the reductions go: research/slim's nasnet_utils.

cell = nasnet_utils.NasNetANormalCell(44, 1.0, 16, 250000)
net = cell(net, scope="cell_0", prev_layer=previous, cell_num=2)
"""

from collections.abc import Sequence

from slimnets.nets.nasnet.cells import CURRENT, PREVIOUS, Cell, CellTable, Sum
from slimnets.nets.nasnet.operations import (
    drop_path,
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


def calc_reduction_layers(num_cells: int, num_reduction_layers: int) -> list[int]:
    """Returns where num_reduction_layers cut num_cells into equal stretches."""
    parts = num_reduction_layers + 1
    return [num_cells * part // parts for part in range(1, parts)]


class NasNetABaseCell(Cell):
    """A cell whose table is given as lists, as research/slim has them.

    Args:
      num_conv_filters: as Cell, and so all that are not told here.
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
        self.table = CellTable(tuple(Sum(*pair) for pair in pairs), tuple(unused))


class NasNetANormalCell(Cell):
    """NASNet-A's Normal Cell: arXiv:1707.07012, figure 4, left."""

    table = CellTable(
        sums=(
            Sum((CURRENT, "separable_5x5_2"), (PREVIOUS, "separable_3x3_2")),
            Sum((PREVIOUS, "separable_5x5_2"), (PREVIOUS, "separable_3x3_2")),
            Sum((CURRENT, "avg_pool_3x3"), (PREVIOUS, "none")),
            Sum((PREVIOUS, "avg_pool_3x3"), (PREVIOUS, "avg_pool_3x3")),
            Sum((CURRENT, "separable_3x3_2"), (CURRENT, "none")),
        ),
        joined=(PREVIOUS, 2, 3, 4, 5, 6),
    )


class NasNetAReductionCell(Cell):
    """NASNet-A's Reduction Cell: arXiv:1707.07012, figure 4, right."""

    table = CellTable(
        sums=(
            Sum((CURRENT, "separable_5x5_2"), (PREVIOUS, "separable_7x7_2")),
            Sum((CURRENT, "max_pool_3x3"), (PREVIOUS, "separable_7x7_2")),
            Sum((CURRENT, "avg_pool_3x3"), (PREVIOUS, "separable_5x5_2")),
            Sum((3, "none"), (2, "avg_pool_3x3")),
            Sum((2, "separable_3x3_2"), (CURRENT, "max_pool_3x3")),
        ),
        joined=(3, 4, 5, 6),
    )
