"""What I3D and S3D-G are built of: convolutions and Inception modules over frames.

The rows of their tables, and the layers below, under research/slim's names. Features
are float [batch, frames, height, width, channels].
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import spatial
from slimnets.nets.inception_blocks import build_branches, concatenate
from slimnets.nets.table import EndPoints, Row

# f(features, scope=...) -> features, weighed
Gate = Callable[..., tf.Tensor]
Size = int | Sequence[int]  # of all three dimensions, or frames, height, width


def center_initializer() -> Callable[..., tf.Tensor]:
    """Returns an initializer of kernels over time that hand on the frame they are at.

    So a separable network begins as the network of single frames that it is made of.
    It takes shapes [frames, 1, 1, depth, depth] with an odd number of frames, and
    raises an InputError for others.
    """

    def initialize(
        shape: Sequence[int],
        dtype: tf.DType = tf.float32,
        partition_info: Any = None,
    ) -> tf.Tensor:
        sizes = tf.TensorShape(shape).as_list()
        if len(sizes) != 5 or sizes[1:3] != [1, 1] or sizes[3] != sizes[4]:
            raise errors.InputError(
                f"center_initializer is for kernels [frames, 1, 1, n, n], not {sizes}"
            )
        if sizes[0] % 2 == 0:
            raise errors.InputError(
                f"center_initializer needs an odd number of frames, not {sizes[0]}"
            )
        kernel = np.zeros(sizes, np.float32)
        kernel[sizes[0] // 2] = np.eye(sizes[3])
        return tf.constant(kernel, dtype)

    return initialize


@slim.add_arg_scope
def conv3d_spatiotemporal(
    inputs: tf.Tensor,
    num_outputs: int,
    kernel_size: Size,
    stride: Size = 1,
    padding: str = "SAME",
    activation_fn: Callable | None = None,
    normalizer_fn: Callable | None = None,
    normalizer_params: dict[str, Any] | None = None,
    weights_regularizer: Callable | None = None,
    separable: bool = False,
    data_format: str = "NDHWC",
    scope: str = "",
) -> tf.Tensor:
    """Adds a convolution over frames and pixels, in one step or in two.

    In two, as section 3.2 of arXiv:1712.04851 has it, the first is of pixels and the
    second, which is not normalized and begins as the identity, is of frames.

    Args:
      inputs: float [batch, frames, height, width, channels], or as data_format says.
      num_outputs: number of filters.
      kernel_size: of frames, height and width, or one number for all.
      stride: likewise.
      padding: 'SAME' or 'VALID'.
      activation_fn: after each step; None for none.
      normalizer_fn: after the first step, instead of biases.
      normalizer_params: its arguments.
      weights_regularizer: of the first step; the second's is slim.conv3d's.
      separable: two steps, where the kernel is of more than one frame.
      data_format: 'NDHWC' or 'NCDHW'.
      scope: variable scope; the second step's is '<scope>/temporal'.
    """
    kernel, strides = _to_triple(kernel_size), _to_triple(stride)
    in_two = separable and kernel[0] != 1
    net = slim.conv3d(
        inputs,
        num_outputs,
        [1, *kernel[1:]] if in_two else kernel,
        stride=[1, *strides[1:]] if in_two else strides,
        padding=padding,
        activation_fn=activation_fn,
        normalizer_fn=normalizer_fn,
        normalizer_params=normalizer_params,
        weights_regularizer=weights_regularizer,
        data_format=data_format,
        scope=scope,
    )
    if not in_two:
        return net
    return slim.conv3d(
        net,
        num_outputs,
        [kernel[0], 1, 1],
        stride=[strides[0], 1, 1],
        padding=padding,
        activation_fn=activation_fn,
        normalizer_fn=None,
        weights_initializer=center_initializer(),
        data_format=data_format,
        scope=f"{scope}/temporal",
    )


@slim.add_arg_scope
def inception_block_v1_3d(
    inputs: tf.Tensor,
    num_outputs_0_0a: int,
    num_outputs_1_0a: int,
    num_outputs_1_0b: int,
    num_outputs_2_0a: int,
    num_outputs_2_0b: int,
    num_outputs_3_0b: int,
    temporal_kernel_size: int = 3,
    self_gating_fn: Gate | None = None,
    data_format: str = "NDHWC",
    scope: str = "",
) -> tf.Tensor:
    """Adds an Inception module over frames: see Mixed.

    Args:
      inputs: float [batch, frames, height, width, channels], or as data_format says.
      num_outputs_0_0a: depth of the first branch, 1x1.
      num_outputs_1_0a: of the second branch's 1x1.
      num_outputs_1_0b: of the second branch's 3x3.
      num_outputs_2_0a: of the third branch's 1x1.
      num_outputs_2_0b: of the third branch's 3x3.
      num_outputs_3_0b: of the last branch, 1x1 after the pool.
      temporal_kernel_size: frames that the 3x3 kernels see.
      self_gating_fn: `f(features, scope=...)` weighs each branch's features; None for
        none.
      data_format: 'NDHWC' or 'NCDHW'.
      scope: variable scope.
    """
    depths = (
        num_outputs_0_0a,
        num_outputs_1_0a,
        num_outputs_1_0b,
        num_outputs_2_0a,
        num_outputs_2_0b,
        num_outputs_3_0b,
    )
    row = Mixed(scope, depths, temporal_kernel_size, self_gating_fn)
    layers: list[Callable[..., Any]] = [
        slim.conv3d,
        slim.max_pool3d,
        conv3d_spatiotemporal,
    ]
    with slim.arg_scope([*layers, concatenate], data_format=data_format):
        return row.build(inputs, 1, 1)


def reduced_kernel_size_3d(
    input_tensor: tf.Tensor, kernel_size: Sequence[int]
) -> list[int]:
    """Returns a window of frames, height and width, all where that is smaller.

    Args:
      input_tensor: [batch, frames, height, width, channels]; what is not known is
        taken to be large enough.
      kernel_size: the window.
    """
    sizes = tf.TensorShape(input_tensor.shape).as_list()[1:4]
    pairs = zip(sizes, kernel_size, strict=True)
    return [min(size or wanted, wanted) for size, wanted in pairs]


class Stem(NamedTuple):
    """The first convolution, which strides in time too and is never separable."""

    name: str
    depth: int
    kernel: int  # height and width
    frames: int  # that the kernel sees
    stride: int = 2

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return conv3d_spatiotemporal(
            net,
            self.depth,
            [self.frames, self.kernel, self.kernel],
            stride=stride,
            separable=False,
            scope=self.name,
        )


class Pointwise(NamedTuple):
    """A convolution of single pixels."""

    name: str
    depth: int
    gate: Gate | None = None
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        net = slim.conv3d(net, self.depth, [1, 1, 1], stride=1, scope=self.name)
        return net if self.gate is None else self.gate(net, scope=self.name)


class Conv(NamedTuple):
    """A convolution of pixels and, of more than one frame, over time."""

    name: str
    depth: int
    kernel: int  # height and width
    frames: int = 1
    gate: Gate | None = None
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        kernel = [self.frames, self.kernel, self.kernel]
        net = conv3d_spatiotemporal(net, self.depth, kernel, stride=1, scope=self.name)
        return net if self.gate is None else self.gate(net, scope=self.name)


class MaxPool(NamedTuple):
    """The largest value of each window of frames, height and width."""

    name: str
    kernel: tuple[int, int, int]
    strides: tuple[int, int, int] = (1, 1, 1)

    @property
    def stride(self) -> int:
        """Of height and width."""
        return self.strides[1]

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        return slim.max_pool3d(
            net,
            list(self.kernel),
            stride=list(self.strides),
            padding="SAME",
            scope=self.name,
        )


class Mixed(NamedTuple):
    """An Inception module, figure 2 (b) of arXiv:1409.4842, whose 3x3 see frames too.

    Attributes:
      name: its end point and scope.
      depths: #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5 (a 3x3 here), pool proj.
      frames: that the 3x3 kernels see.
      gate: weighs each branch's features; None for none.
      stride: 1.
    """

    name: str
    depths: tuple[int, ...]
    frames: int = 1
    gate: Gate | None = None
    stride: int = 1

    def build(self, net: tf.Tensor, stride: int, rate: int) -> tf.Tensor:
        one, three_reduce, three, five_reduce, five, pool_proj = self.depths
        frames, gate = self.frames, self.gate
        branches: list[list[Row]] = [
            [Pointwise("Conv2d_0a_1x1", one, gate)],
            [
                Pointwise("Conv2d_0a_1x1", three_reduce),
                Conv("Conv2d_0b_3x3", three, 3, frames, gate),
            ],
            [
                Pointwise("Conv2d_0a_1x1", five_reduce),
                Conv("Conv2d_0b_3x3", five, 3, frames, gate),
            ],
            [
                MaxPool("MaxPool_0a_3x3", (3, 3, 3)),
                Pointwise("Conv2d_0b_1x1", pool_proj, gate),
            ],
        ]
        with tf.compat.v1.variable_scope(self.name):
            return build_branches(branches, net, stride)


def add_classifier(
    net: tf.Tensor,
    end_points: EndPoints,
    num_classes: int | None,
    dropout_keep_prob: float,
    prediction_fn: Callable,
    spatial_squeeze: bool,
) -> tf.Tensor:
    """Ends a network of videos: pool, dropout, 1x1x1 convolution, mean over time.

    Args:
      net: float [batch, frames, height, width, depth].
      end_points: receives 'Logits' and 'Predictions', where there are classes.
      num_classes: number of logits; None or 0 stops before them.
      dropout_keep_prob: the probability that a feature is kept in training.
      prediction_fn: `f(logits, scope=...)` gives the end point 'Predictions'.
      spatial_squeeze: drop the logits' height and width, which must be 1.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features [batch, rows, columns, depth].

    Raises:
      InputError: the logits to squeeze are a map.
    """
    with tf.compat.v1.variable_scope("Logits"):
        window = reduced_kernel_size_3d(net, [2, 7, 7])
        net = slim.avg_pool3d(net, window, stride=1, scope="AvgPool_0a_7x7")
        if not num_classes:
            return tf.reduce_mean(net, 1)
        net = slim.dropout(net, dropout_keep_prob, scope="Dropout_0b")
        net = slim.conv3d(
            net,
            num_classes,
            [1, 1, 1],
            activation_fn=None,
            normalizer_fn=None,
            scope="Conv2d_0c_1x1",
        )
        net = tf.reduce_mean(net, 1)
        if spatial_squeeze:
            net = spatial.squeeze_logits(net, "SpatialSqueeze")
        end_points["Logits"] = net
        end_points["Predictions"] = prediction_fn(net, scope="Predictions")
    return net


def _to_triple(value: Size) -> list[int]:
    """Returns sizes of frames, height and width from one number or three."""
    values = [value] * 3 if isinstance(value, int) else list(value)
    if len(values) != 3:
        raise errors.InputError(
            f"expected a number or three (frames, height, width), not {value!r}"
        )
    return values
