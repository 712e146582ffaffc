"""A network as a table: rows, and the one loop that runs them.

    rows = [Conv("conv1", depth=64, stride=2), MaxPool("pool1", stride=2), ...]
    net, end_points = table.run_table(rows, images, final_endpoint="pool1")

A family's file holds its paper's table and says how each kind of row is built. Order,
end points, dilation and recomputation are the same for all, and live here.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import tensorflow as tf

from slimnets import errors
from slimnets.layers import recomputation
from slimnets.nets import spatial

EndPoints = dict[str, tf.Tensor]


class Row(Protocol):
    """A line of a table: one layer, or one block of them."""

    @property
    def name(self) -> str:
        """Its end point; '' where it has none."""

    @property
    def stride(self) -> int:
        """What it divides height and width by."""

    def build(
        self, net: tf.Tensor, stride: int, rate: int
    ) -> tf.Tensor | tuple[tf.Tensor, EndPoints]:
        """Adds it to the graph.

        Args:
          net: the output of the row before, float [batch, height, width, channels].
          stride: its own, or 1 where the features are to stay dense.
          rate: dilation of its kernels, which makes up for strides left out; 1 where
            the stride is not.

        Returns:
          Its output, and where it has end points inside, those by their full names.
        """


class Block(NamedTuple):
    """Rows that are recomputed together, while each has an end point of its own."""

    rows: Sequence[Row]


class _Step(NamedTuple):
    row: Row
    stride: int
    rate: int


def run_table(
    rows: Sequence[Row | Block],
    net: tf.Tensor,
    final_endpoint: str | None = None,
    output_stride: int | None = None,
    output_strides: Sequence[int] = (),
    recompute: bool = True,
) -> tuple[tf.Tensor, EndPoints]:
    """Runs rows one after the other.

    Args:
      rows: the network, first to last.
      net: float [batch, height, width, channels].
      final_endpoint: name of the last row to build; None for all.
      output_stride: images' size divided by features' size to stop at, by dilating
        what follows (see spatial.replace_stride_with_dilation); None for the rows' own.
      output_strides: what output_stride may be; empty where the rows' strides alone
        decide.
      recompute: whether rows can be recomputed for their gradients. False where each is
        a single layer, of which nothing would be saved.

    Returns:
      The last row's output, and all end points by name, in the order of the rows.

    Raises:
      InputError: no row is named final_endpoint, or output_stride is not among
        output_strides or steps over a row's stride.
    """
    blocks = [row if isinstance(row, Block) else Block((row,)) for row in rows]
    names = [row.name for block in blocks for row in block.rows if row.name]
    if final_endpoint not in (None, *names):
        raise errors.unknown("end point", str(final_endpoint), names)
    _check_output_stride(output_stride, output_strides)
    end_points: EndPoints = {}
    for steps in _place(blocks, output_stride, final_endpoint):
        if recompute:
            net, inside = recomputation.block(_build, net, steps=steps)
        else:
            net, inside = _build(net, steps)
        end_points |= inside
        last = steps[-1].row.name
        if last:
            # What a block returns has its gradients; what is inside has its own.
            end_points[last] = net
    return net, end_points


def _check_output_stride(output_stride: int | None, allowed: Sequence[int]) -> None:
    if output_stride is None or not allowed or output_stride in allowed:
        return
    *most, last = map(str, allowed)
    raise errors.InputError(
        f"output_stride must be {', '.join(most)} or {last} (or None), not"
        f" {output_stride}"
    )


def _place(
    blocks: Sequence[Block], output_stride: int | None, final_endpoint: str | None
) -> Iterator[list[_Step]]:
    """Yields each block's rows with stride and rate, as far as the final end point."""
    strides = [row.stride for block in blocks for row in block.rows]
    places = iter(spatial.replace_stride_with_dilation(strides, output_stride))
    for block in blocks:
        steps = []
        for row in block.rows:
            steps.append(_Step(row, *next(places)))
            if final_endpoint is not None and row.name == final_endpoint:
                yield steps
                return
        yield steps


def _build(net: tf.Tensor, steps: Sequence[_Step]) -> tuple[tf.Tensor, EndPoints]:
    """Builds the rows of a block; returns its output and its end points."""
    end_points: EndPoints = {}
    for row, stride, rate in steps:
        built = row.build(net, stride, rate)
        net, inside = built if isinstance(built, tuple) else (built, {})
        end_points |= inside
        if row.name:
            end_points[row.name] = net
    return net, end_points
