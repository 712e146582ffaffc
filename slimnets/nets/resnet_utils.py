"""What residual networks have in common: blocks, their stacking, head and arg scope.

Deep Residual Learning for Image Recognition, Kaiming He et al., arXiv:1512.03385.
"""

import contextlib
import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import errors, slim
from slimnets.layers import recomputation, scoping
from slimnets.nets import spatial

ROOT_STRIDE = 4  # of the strided convolution and the pooling before the first block


class Block(NamedTuple):
    """Residual units of one depth.

    Attributes:
      scope: variable scope of the block.
      unit_fn: `f(net, stride=..., rate=..., **unit) -> net`.
      args: the arguments of each unit, 'stride' among them (1 where it is missing).
    """

    scope: str
    unit_fn: Callable[..., tf.Tensor]
    args: Sequence[dict[str, Any]]


def subsample(inputs: tf.Tensor, factor: int, scope: str | None = None) -> tf.Tensor:
    """Keeps the first of every `factor` rows and columns of [batch, h, w, channels]."""
    if factor == 1:
        return inputs
    return slim.max_pool2d(inputs, 1, stride=factor, scope=scope)


def conv2d_same(
    inputs: tf.Tensor,
    num_outputs: int,
    kernel_size: int,
    stride: int,
    rate: int = 1,
    scope: str | None = None,
) -> tf.Tensor:
    """Convolves such that a stride equals no stride and a subsampling after it.

    A strided 'SAME' convolution does not where height or width is even: it pads less
    at the top left, and its features would shift when a stride is given up for
    dilation.

    Args:
      inputs: float [batch, height, width, channels].
      num_outputs: number of filters.
      kernel_size: height and width of the kernel.
      stride: >= 1.
      rate: dilation, >= 1.
      scope: variable scope.

    Returns:
      float [batch, ceil(height / stride), ceil(width / stride), num_outputs].
    """
    padding = "SAME"
    if stride > 1:
        inputs = spatial.fixed_padding(inputs, kernel_size, rate)
        padding = "VALID"
    return slim.conv2d(
        inputs,
        num_outputs,
        kernel_size,
        stride=stride,
        rate=rate,
        padding=padding,
        scope=scope,
    )


@slim.add_arg_scope
def stack_blocks_dense(
    net: tf.Tensor,
    blocks: Sequence[Block],
    output_stride: int | None = None,
    store_non_strided_activations: bool = False,
    outputs_collections: Any = None,
) -> tf.Tensor:
    """Runs the blocks, with dilation in place of the strides beyond `output_stride`.

    Variables are named '<block>/unit_<k>/...', k from 1.

    Args:
      net: float [batch, height, width, channels].
      blocks: first to last.
      output_stride: net's size divided by the result's: 1 or the product of the
        strides up to some unit; None takes all strides.
      store_non_strided_activations: stride after a block's end and not in its last
        unit, so that the block's end point has twice the resolution. The result is
        the same; the last units cost four times as much.
      outputs_collections: collections of the blocks' ends, or a dict that receives
        them.

    Returns:
      float [batch, height / output_stride, width / output_stride, depth].

    Raises:
      ValueError: no product of strides is output_stride.
    """
    plan = iter(_plan(blocks, output_stride, store_non_strided_activations))
    for block in blocks:
        with tf.compat.v1.variable_scope(block.scope, "block", [net]) as sc:
            for number, unit in enumerate(block.args, 1):
                stride, rate = next(plan)
                with tf.compat.v1.variable_scope(f"unit_{number}", values=[net]):
                    setting = {**unit, "stride": stride, "rate": rate}
                    net = recomputation.block(block.unit_fn, net, **setting)
            net = scoping.collected(outputs_collections, sc.name, net)
            stride_of_end, _ = next(plan)
            net = subsample(net, stride_of_end)
    return net


def _plan(
    blocks: Sequence[Block], output_stride: int | None, stride_at_end: bool
) -> list[tuple[int, int]]:
    """Returns (stride, rate) of each unit and, after its units, of each block's end."""
    strides = []
    for block in blocks:
        units = [unit.get("stride", 1) for unit in block.args]
        if stride_at_end and units:
            strides += [*units[:-1], 1, units[-1]]
        else:
            strides += [*units, 1]
    reachable = {1, *itertools.accumulate(strides, lambda a, b: a * b)}
    if output_stride is not None and output_stride not in reachable:
        raise errors.InputError("The target output_stride cannot be reached.")
    return spatial.replace_stride_with_dilation(strides, output_stride)


def stride_after_root(output_stride: int | None) -> int | None:
    """Returns what is left of output_stride for the blocks; ValueError if not whole."""
    if output_stride is None:
        return None
    if output_stride % ROOT_STRIDE:
        raise errors.InputError("The output_stride needs to be a multiple of 4.")
    return output_stride // ROOT_STRIDE


def in_tf_slims_order_too(network: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a ResNet so that it takes positional arguments as tf_slim's do.

    research/slim has put arguments before `reuse` and `scope` that tf_slim's own
    ResNets lack. Where two follow those they share, and the second is a name, the
    caller means tf_slim's `reuse` and `scope`, and tf_slim never squeezes.

    Args:
      network: takes spatial_squeeze first of the arguments that tf_slim lacks.
    """
    shared = list(inspect.signature(network).parameters).index("spatial_squeeze")

    @functools.wraps(network)
    def in_either_order(*args: Any, **kwargs: Any) -> Any:
        if len(args) == shared + 2 and isinstance(args[-1], str):
            reuse, scope = args[shared:]
            kwargs |= {"spatial_squeeze": False, "reuse": reuse, "scope": scope}
            args = args[:shared]
        return network(*args, **kwargs)

    return in_either_order


@contextlib.contextmanager
def recorded(
    unit_fn: Callable[..., tf.Tensor],
    end_points: dict[str, tf.Tensor],
    is_training: bool | tf.Tensor | None,
) -> Iterator[None]:
    """Files convolutions, units and blocks made inside under their scopes' names.

    Args:
      unit_fn: the residual unit.
      end_points: receives them, in the order in which they are made.
      is_training: mode of batch norm; None leaves it to the enclosing arg scope.
    """
    mode = {} if is_training is None else {"is_training": is_training}
    layers = [slim.conv2d, unit_fn, stack_blocks_dense]
    with (
        slim.arg_scope(layers, outputs_collections=end_points),
        slim.arg_scope([slim.batch_norm], **mode),
    ):
        yield


def classified(
    net: tf.Tensor,
    end_points: dict[str, tf.Tensor],
    num_classes: int | None,
    global_pool: bool,
    spatial_squeeze: bool,
) -> tf.Tensor:
    """Ends a network: mean over the image, 1x1 convolution to logits, softmax.

    Args:
      net: float [batch, height, width, depth], the last block's.
      end_points: receives 'global_pool', '<scope>/spatial_squeeze', 'predictions'.
      num_classes: number of logits; None or 0 stops before them.
      global_pool: take the mean over height and width.
      spatial_squeeze: drop height and width of the logits.

    Returns:
      The logits, or the features before them.

    Raises:
      ValueError: spatial_squeeze is asked for and height or width is not 1.
    """
    if global_pool:
        net = tf.reduce_mean(net, [1, 2], keepdims=True, name="pool5")
        end_points["global_pool"] = net
    if not num_classes:
        return net
    net = slim.conv2d(
        net, num_classes, 1, activation_fn=None, normalizer_fn=None, scope="logits"
    )
    if spatial_squeeze:
        net = spatial.squeeze_logits(net, name="SpatialSqueeze")
        network = tf.compat.v1.get_variable_scope().name
        end_points[f"{network}/spatial_squeeze"] = net
    end_points["predictions"] = slim.softmax(net, scope="predictions")
    return net


def resnet_arg_scope(
    weight_decay: float = 0.0001,
    batch_norm_decay: float = 0.997,
    batch_norm_epsilon: float = 1e-5,
    batch_norm_scale: bool = True,
    activation_fn: Callable[[tf.Tensor], tf.Tensor] | None = tf.nn.relu,
    use_batch_norm: bool = True,
    batch_norm_updates_collections: Any = tf.compat.v1.GraphKeys.UPDATE_OPS,
) -> dict:
    """Returns the defaults of residual networks' layers, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizer of all weights, >= 0.
      batch_norm_decay: of the moving averages, in [0, 1]; lower follows short runs
        better.
      batch_norm_epsilon: added to the variance.
      batch_norm_scale: give batch norm a `gamma`.
      activation_fn: after batch norm.
      use_batch_norm: False leaves it out and gives convolutions biases.
      batch_norm_updates_collections: collections of the moving averages' updates;
        None runs them with the layer.
    """
    batch_norm_params = {
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "scale": batch_norm_scale,
        "updates_collections": batch_norm_updates_collections,
        "fused": None,
    }
    with (
        slim.arg_scope(
            [slim.conv2d],
            weights_regularizer=slim.l2_regularizer(weight_decay),
            weights_initializer=slim.variance_scaling_initializer(),
            activation_fn=activation_fn,
            normalizer_fn=slim.batch_norm if use_batch_norm else None,
            normalizer_params=batch_norm_params,
        ),
        slim.arg_scope([slim.batch_norm], **batch_norm_params),
        # For pool1: features then align with the image at odd sizes, as in
        # fb.resnet.torch; He et al.'s own networks used VALID.
        slim.arg_scope([slim.max_pool2d], padding="SAME") as scope,
    ):
        return scope
