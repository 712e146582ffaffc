"""Max and average pooling, tf_slim's names and arguments, on TensorFlow ops alone."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
import tf_slim

from slimnets.layers import scoping


@scoping.stands_for(tf_slim.max_pool2d)
def max_pool2d(
    inputs: tf.Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> tf.Tensor:
    """Takes the largest value of each window.

    Args:
      inputs: float [batch, height, width, channels], or NCHW.
      kernel_size: of the window, int or (height, width).
      stride: int or (height, width).
      padding: 'VALID' or 'SAME'.
      data_format: 'NHWC' or 'NCHW'.
      outputs_collections: collections of the result, or a dict that receives it.
      scope: name scope, 'MaxPool2D' if None.

    Returns:
      float [batch, out_height, out_width, channels], or NCHW.

    Raises:
      ValueError: data_format or padding is unknown.
    """
    return _pool(
        tf.nn.max_pool2d,
        inputs,
        kernel_size,
        stride,
        padding,
        data_format,
        outputs_collections,
        scope,
        "MaxPool2D",
    )


@scoping.stands_for(tf_slim.avg_pool2d)
def avg_pool2d(
    inputs: tf.Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> tf.Tensor:
    """Takes the mean of each window; padding does not count. Arguments: max_pool2d."""
    return _pool(
        tf.nn.avg_pool2d,
        inputs,
        kernel_size,
        stride,
        padding,
        data_format,
        outputs_collections,
        scope,
        "AvgPool2D",
    )


@scoping.stands_for(tf_slim.max_pool3d)
def max_pool3d(
    inputs: tf.Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> tf.Tensor:
    """Takes the largest value of each window.

    Args:
      inputs: float [batch, depth, height, width, channels], or NCDHW.
      kernel_size: of the window, int or (depth, height, width).
      stride: int or (depth, height, width).
      padding: 'VALID' or 'SAME'.
      data_format: 'NDHWC' or 'NCDHW'.
      outputs_collections: collections of the result, or a dict that receives it.
      scope: name scope, 'MaxPool3D' if None.

    Returns:
      float [batch, out_depth, out_height, out_width, channels], or NCDHW.

    Raises:
      ValueError: data_format or padding is unknown.
    """
    return _pool_3d(
        tf.nn.max_pool3d,
        inputs,
        kernel_size,
        stride,
        padding,
        data_format,
        outputs_collections,
        scope,
        "MaxPool3D",
    )


@scoping.stands_for(tf_slim.avg_pool3d)
def avg_pool3d(
    inputs: tf.Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> tf.Tensor:
    """Takes the mean of each window; padding does not count. Arguments: max_pool3d."""
    return _pool_3d(
        tf.nn.avg_pool3d,
        inputs,
        kernel_size,
        stride,
        padding,
        data_format,
        outputs_collections,
        scope,
        "AvgPool3D",
    )


def _pool(
    pool: Callable[..., tf.Tensor],
    inputs: tf.Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int],
    padding: str,
    data_format: str,
    outputs_collections: Any,
    scope: Any,
    default_name: str,
) -> tf.Tensor:
    data_format = scoping.check_data_format(data_format)
    padding = scoping.check_padding(padding)
    with tf.compat.v1.name_scope(scope, default_name, [inputs]) as name:
        outputs = pool(
            tf.convert_to_tensor(inputs),
            scoping.to_pair(kernel_size),
            scoping.to_pair(stride),
            padding,
            data_format,
            name=default_name.removesuffix("2D"),
        )
        return scoping.collect_outputs(outputs_collections, name, outputs)


def _pool_3d(
    pool: Callable[..., tf.Tensor],
    inputs: tf.Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int],
    padding: str,
    data_format: str,
    outputs_collections: Any,
    scope: Any,
    default_name: str,
) -> tf.Tensor:
    if data_format not in ("NDHWC", "NCDHW"):
        raise ValueError("data_format has to be either NCDHW or NDHWC.")
    padding = scoping.check_padding(padding)
    channels_first = data_format == "NCDHW"
    with tf.compat.v1.name_scope(scope, default_name, [inputs]) as name:
        inputs = tf.convert_to_tensor(inputs)
        if channels_first:  # which no CPU pools
            inputs = tf.transpose(inputs, [0, 2, 3, 4, 1])
        outputs = pool(
            inputs,
            scoping.to_integers(kernel_size, 3),
            scoping.to_integers(stride, 3),
            padding,
            name=default_name,
        )
        if channels_first:
            outputs = tf.transpose(outputs, [0, 4, 1, 2, 3])
        return scoping.collect_outputs(outputs_collections, name, outputs)
