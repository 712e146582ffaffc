"""The rows that tables of Inception networks are made of, and the loop that reads them.

A network is a sequence of rows. A row has a `name`, under which its output becomes an
end point and its variables are found in published checkpoints, and builds itself:

    Mixed("Mixed_3a", [
        [MaxPool("MaxPool_0a_3x3", 3, 2, "VALID")],
        [Conv("Conv2d_0a_3x3", 96, 3, 2, "VALID")],
    ])

is figure 3's first fork in arXiv:1602.07261: two branches side by side.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import tensorflow as tf

from slimnets import errors, slim
from slimnets.layers import recomputation


class Setting(NamedTuple):
    """What a network's arguments change in every row of its table."""

    depth: Callable[[int], int] = int  # a row's depth to the channels it is built with
    channels_axis: int = 3


AS_PUBLISHED = Setting()


class Row(Protocol):
    """One row of a table."""

    name: str | None  # of the end point; None for none

    def build(self, net: tf.Tensor, setting: Setting) -> tf.Tensor:
        """Adds the row's layers to the graph, or runs them."""


class Conv(NamedTuple):
    """A convolution, normalized and activated as the arg scope says."""

    name: str
    depth: int  # output channels before depth_multiplier
    kernel: int | tuple[int, int]  # (height, width)
    stride: int = 1
    padding: str = "SAME"
    stddev: float | None = None  # of the initial weights; None: as the arg scope says

    def build(self, net: tf.Tensor, setting: Setting) -> tf.Tensor:
        initial = {}
        if self.stddev is not None:
            initial["weights_initializer"] = truncated_normal(self.stddev)
        return slim.conv2d(
            net,
            setting.depth(self.depth),
            self.kernel,
            stride=self.stride,
            padding=self.padding,
            scope=self.name,
            **initial,
        )


class _Pool(NamedTuple):
    name: str
    kernel: int = 3
    stride: int = 1
    padding: str = "SAME"


class MaxPool(_Pool):
    """The largest value of each window."""

    def build(self, net: tf.Tensor, setting: Setting) -> tf.Tensor:
        return slim.max_pool2d(
            net, self.kernel, self.stride, self.padding, scope=self.name
        )


class AvgPool(_Pool):
    """The mean of each window."""

    def build(self, net: tf.Tensor, setting: Setting) -> tf.Tensor:
        return slim.avg_pool2d(
            net, self.kernel, self.stride, self.padding, scope=self.name
        )


class Fork(NamedTuple):
    """The end of a branch: rows that all read the same input, concatenated."""

    rows: Sequence[Row]

    name = None

    def build(self, net: tf.Tensor, setting: Setting) -> tf.Tensor:
        return tf.concat(
            [row.build(net, setting) for row in self.rows], setting.channels_axis
        )


class Mixed(NamedTuple):
    """An Inception module: branches that all read the same input, concatenated."""

    name: str
    branches: Sequence[Sequence[Row]]

    def build(self, net: tf.Tensor, setting: Setting) -> tf.Tensor:
        with tf.compat.v1.variable_scope(self.name):
            return side_by_side(self.branches, net, setting)


def side_by_side(
    branches: Sequence[Sequence[Row]], net: tf.Tensor, setting: Setting = AS_PUBLISHED
) -> tf.Tensor:
    """Runs each branch on `net` in a scope 'Branch_<k>', k from 0, and concatenates."""
    outputs = []
    for number, branch in enumerate(branches):
        with tf.compat.v1.variable_scope(f"Branch_{number}"):
            output = net
            for row in branch:
                output = row.build(output, setting)
            outputs.append(output)
    return tf.concat(outputs, setting.channels_axis)


def build_up_to(
    final_endpoint: str,
    table: Sequence[Row],
    net: tf.Tensor,
    setting: Setting = AS_PUBLISHED,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Runs a table's rows one after the other, as far as an end point.

    Args:
      final_endpoint: name of the last row to run.
      table: the network.
      net: float [batch, height, width, channels], or as setting.channels_axis says.
      setting: depths and layout.

    Returns:
      The final end point, and all end points by name.

    Raises:
      InputError: no row has the name.
    """
    names = [row.name for row in table if row.name]
    if final_endpoint not in names:
        raise errors.unknown("end point", final_endpoint, names)
    end_points = {}
    for row in table:
        net = recomputation.block(row.build, net, setting=setting)
        if row.name:
            end_points[row.name] = net
        if row.name == final_endpoint:
            break
    return net, end_points


def depths(depth_multiplier: float, min_depth: int) -> Callable[[int], int]:
    """Returns the function from a table's depths to those of a thinner network.

    Args:
      depth_multiplier: multiplies the depths, > 0.
      min_depth: the least depth that comes of it.

    Raises:
      InputError: depth_multiplier is not positive.
    """
    if depth_multiplier <= 0:
        raise errors.InputError(
            f"depth_multiplier must be greater than zero, not {depth_multiplier}"
        )
    return lambda depth: max(int(depth * depth_multiplier), min_depth)


def truncated_normal(stddev: float) -> Callable[..., tf.Tensor]:
    """Returns an initializer of mean 0 that redraws what exceeds two `stddev`."""
    return tf.compat.v1.truncated_normal_initializer(stddev=stddev)
