"""What NASNet's cells do to images, in either data format.

`slim.arg_scope` sets data_format and is_training of these as it does of slim's layers.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets import errors, random_numbers, slim
from slimnets.layers import computation, recomputation


@slim.add_arg_scope
def get_channel_index(data_format: str = "NHWC") -> int:
    """Returns the axis of the channels: 3 for 'NHWC', 1 for 'NCHW'."""
    return 3 if data_format == "NHWC" else 1


@slim.add_arg_scope
def get_channel_dim(shape: Sequence[Any], data_format: str = "NHWC") -> int:
    """Returns the number of channels in the shape of images."""
    if len(shape) != 4:
        raise errors.InputError(f"{shape} is not the shape of images: 4 axes")
    return int(shape[get_channel_index(data_format=data_format)])


@slim.add_arg_scope
def global_avg_pool(x: tf.Tensor, data_format: str = "NHWC") -> tf.Tensor:
    """Returns the mean over height and width, [batch, channels]."""
    return tf.reduce_mean(x, [1, 2] if data_format == "NHWC" else [2, 3])


@slim.add_arg_scope
def pad(
    net: tf.Tensor, kernel_size: int, stride: int, data_format: str = "NHWC"
) -> tf.Tensor:
    """Pads images with zeros as 'SAME' does, for a window that is to see them.

    Args:
      net: float [batch, height, width, channels], or NCHW.
      kernel_size: height and width of the window.
      stride: of the window, at most its size.
      data_format: 'NHWC' or 'NCHW'.
    """
    sizes, padding = net.shape.as_list(), [(0, 0)] * 4
    for axis in (1, 2) if data_format == "NHWC" else (2, 3):
        size = tf.shape(net)[axis] if sizes[axis] is None else sizes[axis]
        overhang = kernel_size - 1 - (size - 1) % stride
        padding[axis] = (overhang // 2, overhang - overhang // 2)
    return tf.pad(net, padding)


@slim.add_arg_scope
def factorized_reduction(
    net: tf.Tensor, output_filters: int, stride: int, data_format: str = "NHWC"
) -> tf.Tensor:
    """Strides by two 1x1 convolutions, the second of them a pixel further.

    One alone, at stride 2, would never see three pixels of four; two see half.

    Args:
      net: float [batch, height, width, channels], or NCHW.
      output_filters: channels of the result; half of them, rounded down, come from the
        first convolution.
      stride: 1 is one plain 1x1 convolution.
      data_format: 'NHWC' or 'NCHW'.

    Returns:
      float [batch, ceil(height / stride), ceil(width / stride), output_filters], after
      batch norm.
    """
    if stride == 1:
        return convolve(net, output_filters, "path_conv", "path_bn")
    half = output_filters // 2
    near = slim.avg_pool2d(net, 1, stride, data_format=data_format)
    near = slim.conv2d(near, half, 1, scope="path1_conv")
    far = _shift_by_a_pixel(net, data_format)
    far = slim.avg_pool2d(far, 1, stride, data_format=data_format)
    far = slim.conv2d(far, output_filters - half, 1, scope="path2_conv")
    both = tf.concat([near, far], get_channel_index(data_format=data_format))
    return slim.batch_norm(both, scope="final_path_bn")


@slim.add_arg_scope
def drop_path(
    net: tf.Tensor, keep_prob: float | tf.Tensor, is_training: bool = True
) -> tf.Tensor:
    """Zeroes whole examples at random and scales the others by 1 / keep_prob.

    Args:
      net: float, rank 4, batch first.
      keep_prob: the probability that an example is kept, in (0, 1].
      is_training: False returns net.
    """
    scope = tf.compat.v1.get_variable_scope().name
    if not is_training or computation.is_frozen(scope):
        return net
    noise = keep_prob + recomputation.once(
        lambda: random_numbers.uniform([tf.shape(net)[0], 1, 1, 1])
    )
    return net * tf.cast(tf.floor(noise) / keep_prob, net.dtype)


def drop_path_keep_prob_at(
    depth: float,
    final_keep_prob: float,
    total_training_steps: int,
    current_step: int | tf.Tensor | tf.Variable | None,
) -> tf.Tensor | None:
    """Returns drop path's probability of keeping a result in one cell at one step.

    It falls linearly with depth and in the course of training: ScheduledDropPath of
    arXiv:1707.07012.

    Args:
      depth: the cell's place in the network, in (0, 1]; 1 is the last.
      final_keep_prob: that of the last cell at the end of training; 1 drops nothing.
      total_training_steps: until final_keep_prob is reached.
      current_step: of training. None takes the graph's global step, making one where
        there is none yet; eagerly and in a `tf.function`, where no graph keeps one, it
        stands for step 0, which drops nothing.

    Returns:
      float32 scalar; None where nothing drops.
    """
    if final_keep_prob >= 1:
        return None
    if current_step is None:
        if tf.compat.v1.executing_eagerly_outside_functions():
            return None
        current_step = tf.compat.v1.train.get_or_create_global_step()
    progress = tf.cast(current_step, tf.float32) / total_training_steps
    return 1 - tf.minimum(1.0, progress) * depth * (1 - final_keep_prob)


def activation(bounded: bool) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns relu, or relu6 where values are to be bounded."""
    return tf.nn.relu6 if bounded else tf.nn.relu


def convolve(
    net: tf.Tensor, filters: int, scope: str, norm_scope: str, stride: int = 1
) -> tf.Tensor:
    """A 1x1 convolution and batch norm, in scopes of their own beside each other."""
    net = slim.conv2d(net, filters, 1, stride=stride, scope=scope)
    return slim.batch_norm(net, scope=norm_scope)


def _shift_by_a_pixel(net: tf.Tensor, data_format: str) -> tf.Tensor:
    """Moves images up and left by a pixel; zeros follow."""
    if data_format == "NCHW":
        return tf.pad(net[:, :, 1:, 1:], [(0, 0), (0, 0), (0, 1), (0, 1)])
    return tf.pad(net[:, 1:, 1:], [(0, 0), (0, 1), (0, 1), (0, 0)])
