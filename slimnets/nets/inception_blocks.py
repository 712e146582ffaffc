"""The rows that tables of Inception networks are made of.

A row has a `name`, under which its output becomes an end point and its variables are
found in published checkpoints, and builds itself:

    Mixed("Mixed_3a", [
        [MaxPool("MaxPool_0a_3x3", 3, 2, "VALID")],
        [Conv("Conv2d_0a_3x3", 96, 3, 2, "VALID")],
    ])

is figure 3's first fork in arXiv:1602.07261: two branches side by side.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.layers import scoping
from slimnets.nets import initializers
from slimnets.nets.table import Row

Activation = Callable[[tf.Tensor], tf.Tensor]
Branches = Sequence[Sequence[Row]]


class Conv(NamedTuple):
    """A convolution, normalized and activated as the arg scope says."""

    name: str
    depth: int  # output channels
    kernel: int | tuple[int, int]  # (height, width)
    stride: int = 1
    padding: str = "SAME"
    stddev: float | None = None  # of the initial weights; None: as the arg scope says

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        initial: dict[str, Any] = {}
        if self.stddev is not None:
            initial["weights_initializer"] = initializers.trunc_normal(self.stddev)
        return slim.conv2d(
            net,
            self.depth,
            self.kernel,
            stride=stride,
            padding=self.padding,
            rate=rate,
            scope=self.name,
            **initial,
        )


class MaxPool(NamedTuple):
    """The largest value of each window."""

    name: str
    kernel: int = 3
    stride: int = 1
    padding: str = "SAME"

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return slim.max_pool2d(net, self.kernel, stride, self.padding, scope=self.name)


class AvgPool(NamedTuple):
    """The mean of each window."""

    name: str
    kernel: int = 3
    stride: int = 1
    padding: str = "SAME"
    sees_padding: bool = False  # the mean of zeros around the image too

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        padding = self.padding
        if self.sees_padding and padding == "SAME":
            net, padding = pad_around(net, self.kernel), "VALID"
        return slim.avg_pool2d(net, self.kernel, stride, padding, scope=self.name)


class Fork(NamedTuple):
    """The end of a branch: rows that all read the same input, concatenated."""

    rows: Sequence[Row]
    name: str = ""
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return concatenate([row.build(net, stride, rate) for row in self.rows])


class Mixed(NamedTuple):
    """An Inception module: branches that all read the same input, concatenated."""

    name: str
    branches: Branches

    @property
    def stride(self) -> int:
        """That of the last row of each branch, which alone may stride."""
        return self.branches[0][-1].stride

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        with tf.compat.v1.variable_scope(self.name):
            return build_branches(self.branches, net, stride, rate)


class Residual(NamedTuple):
    """Branches whose sum with their own input, scaled and activated, is the output."""

    scope: str
    branches: Branches
    scale: float  # of the branches (section 3.3 of arXiv:1602.07261)
    activation_fn: Activation | None = tf.nn.relu
    name: str = ""
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        with tf.compat.v1.variable_scope(self.scope):
            return self.add(net, rate)

    def add(self, net: tf.Tensor, rate: int = 1) -> tf.Tensor:
        """Adds what the branches make of `net` to it, in the scope that is open."""
        residual = slim.conv2d(
            build_branches(self.branches, net, self.stride, rate),
            scoping.get_channels(net, "NHWC"),
            1,
            normalizer_fn=None,
            activation_fn=None,
            scope="Conv2d_1x1",
        )
        residual *= self.scale
        if self.activation_fn is tf.nn.relu6:  # both summands bounded, to be quantized
            residual = tf.clip_by_value(residual, -6.0, 6.0)
        net += residual
        return net if self.activation_fn is None else self.activation_fn(net)


class EndPoint(NamedTuple):
    """A name for what the rows before it give."""

    name: str
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return net


def build_branches(
    branches: Branches, net: tf.Tensor, stride: int, rate: int = 1
) -> tf.Tensor:
    """Runs each branch on `net` in a scope 'Branch_<k>', k from 0, and concatenates.

    Args:
      branches: their rows; those that stride are the last of their branches.
      net: float [batch, height, width, channels], or as the arg scope says.
      stride: the rows' own, or 1 where the features are to stay dense.
      rate: dilation of the kernels.
    """
    outputs = []
    for number, branch in enumerate(branches):
        with tf.compat.v1.variable_scope(f"Branch_{number}"):
            output = net
            for row in branch:
                output = row.build(output, min(row.stride, stride), rate)
            outputs.append(output)
    return concatenate(outputs)


@slim.add_arg_scope
def concatenate(outputs: Sequence[tf.Tensor], data_format: str = "NHWC") -> tf.Tensor:
    """Joins the channels of branches; `slim.arg_scope` can set data_format.

    Args:
      outputs: of the branches.
      data_format: 'NHWC' or 'NCHW', with a D, of frames, where there are any.
    """
    return tf.concat(outputs, data_format.index("C"))


@slim.add_arg_scope
def pad_around(
    net: tf.Tensor, kernel_size: int, data_format: str = "NHWC"
) -> tf.Tensor:
    """Pads images with the zeros that a window overhangs; as `concatenate`.

    Args:
      net: float [batch, height, width, channels], or as data_format says.
      kernel_size: height and width of the window.
      data_format: 'NHWC' or 'NCHW'.
    """
    overhang = kernel_size - 1
    around = (overhang // 2, overhang - overhang // 2)
    return tf.pad(net, [around if axis in "HW" else (0, 0) for axis in data_format])


def replace_in_layers(rows: Sequence[Row], **new: Callable[[Any], Any]) -> list[Row]:
    """Returns a table with other values in its layers, those inside of modules too.

        replace_in_layers(rows, depth=lambda depth: depth // 2)

    Args:
      rows: the table.
      **new: by field, the function from its value to the new one; layers that do not
        have the field stay as they are.
    """
    return [_replaced(row, new) for row in rows]


def _replaced(row: Any, new: dict[str, Callable[[Any], Any]]) -> Any:
    if isinstance(row, Fork):
        return Fork(replace_in_layers(row.rows, **new))
    if isinstance(row, Mixed | Residual):
        branches = [replace_in_layers(branch, **new) for branch in row.branches]
        return row._replace(branches=branches)
    values = {key: f(getattr(row, key)) for key, f in new.items() if hasattr(row, key)}
    return row._replace(**values)


def scale_depths(
    rows: Sequence[Row], depth_multiplier: float, min_depth: int
) -> list[Row]:
    """Returns the table of a thinner or wider network; see depth_scale."""
    return replace_in_layers(rows, depth=depth_scale(depth_multiplier, min_depth))


def depth_scale(depth_multiplier: float, min_depth: int) -> Callable[[int], int]:
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
