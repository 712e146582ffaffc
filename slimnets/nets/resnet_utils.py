"""What residual networks have in common: blocks, their stacking, head and arg scope.

Deep Residual Learning for Image Recognition, Kaiming He et al., arXiv:1512.03385.
"""

import contextlib
import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, get_args

import tensorflow as tf

from slimnets import errors, slim
from slimnets.layers import recomputation, scoping
from slimnets.nets import spatial

ROOT_STRIDE = 4  # of the strided convolution and the pooling before the first block
EXPANSION = 4  # a unit's depth divided by its bottleneck's

# The convolution that halves height and width between a stage and the one before it.
StrideIn = Literal["first_1x1", "first_3x3", "last_3x3"]


class Stage(NamedTuple):
    """A row of the paper's Table 1: units of one depth.

    Attributes:
      depth: channels of the units' bottlenecks.
      units: how many there are, >= 1.
    """

    depth: int
    units: int


def stages(*units: int) -> tuple[Stage, ...]:
    """Returns a column of Table 1, whose depths are 64, 128, 256 and 512."""
    return tuple(Stage(64 * 2**i, number) for i, number in enumerate(units))


# Columns of Table 1, and the deepest network of arXiv:1603.05027.
RESNET_50 = stages(3, 4, 6, 3)
RESNET_101 = stages(3, 4, 23, 3)
RESNET_152 = stages(3, 8, 36, 3)
RESNET_200 = stages(3, 24, 36, 3)


class Block(NamedTuple):
    """Residual units of one depth.

    Attributes:
      scope: variable scope of the block.
      unit_fn: `f(net, stride=..., rate=..., **unit) -> net`.
      args: the arguments of each unit, 'stride' among them (1 where it is missing).
      stride_after: drop rows and columns of its output behind its end point.
    """

    scope: str
    unit_fn: Callable[..., tf.Tensor]
    args: Sequence[dict[str, Any]]
    stride_after: int = 1


def make_block(
    unit_fn: Callable[..., tf.Tensor],
    scope: str,
    depth: int,
    strides: Sequence[int],
    stride_after: int = 1,
) -> Block:
    """Returns a block of bottleneck units.

    Args:
      unit_fn: the unit, resnet_v1.bottleneck or resnet_v2.bottleneck.
      scope: of the block.
      depth: channels of the bottlenecks; the units' are four times as many.
      strides: of the units.
      stride_after: see Block.
    """
    unit = {"depth": EXPANSION * depth, "depth_bottleneck": depth}
    args = [{**unit, "stride": stride} for stride in strides]
    return Block(scope, unit_fn, args, stride_after)


def make_blocks(
    unit_fn: Callable[..., tf.Tensor],
    table: Sequence[Stage],
    stride_in: StrideIn,
    min_base_depth: int = 8,
    depth_multiplier: float = 1,
) -> list[Block]:
    """Returns a network's blocks; height and width halve from each to the next.

    Args:
      unit_fn: the unit, resnet_v1.bottleneck or resnet_v2.bottleneck.
      table: the stages, first to last.
      stride_in: which convolutions have the strides. 'first_1x1' of a block and its
        shortcut is the paper's choice, as in Caffe's and Keras' weights; 'first_3x3' of
        a block is Torch's; 'last_3x3' of the block before, whose end point then is
        halved already, is research/slim's.
      min_base_depth: the least depth of a bottleneck.
      depth_multiplier: multiplies the stages' depths, >= 0.

    Raises:
      InputError: stride_in is none of the above.
    """
    if stride_in not in get_args(StrideIn):
        raise errors.unknown("stride_in", stride_in, get_args(StrideIn))
    blocks = []
    for number, stage in enumerate(table, 1):
        strides, stride_after = [1] * stage.units, 1
        halved, halves = number > 1, number < len(table)
        if stride_in == "first_3x3" and halved:
            strides[0] = 2
        elif stride_in == "last_3x3" and halves:
            strides[-1] = 2
        elif stride_in == "first_1x1" and halves:
            # A strided 1x1 convolution reads only the rows and columns that it keeps.
            stride_after = 2
        depth = max(int(stage.depth * depth_multiplier), min_base_depth)
        block = make_block(unit_fn, f"block{number}", depth, strides, stride_after)
        blocks.append(block)
    return blocks


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


def add_root_pool(net: tf.Tensor, use_explicit_padding: bool) -> tf.Tensor:
    """Halves height and width before the first block: maxima of 3x3 pixels.

    Args:
      net: float [batch, height, width, channels].
      use_explicit_padding: pad at every side, whatever the images' size, as PyTorch's
        libraries do; 'SAME' leaves out the first row and column where it is even.
    """
    if not use_explicit_padding:
        return slim.max_pool2d(net, 3, stride=2, scope="pool1")
    net = spatial.fixed_padding(net, 3, value=net.dtype.min)
    return slim.max_pool2d(net, 3, stride=2, padding="VALID", scope="pool1")


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
    if store_non_strided_activations:
        blocks = [_stride_after_its_end(block) for block in blocks]
    plan = iter(_plan(blocks, output_stride))
    for block in blocks:
        with tf.compat.v1.variable_scope(block.scope, "block", [net]) as sc:
            for number, unit in enumerate(block.args, 1):
                stride, rate = next(plan)
                with tf.compat.v1.variable_scope(f"unit_{number}", values=[net]):
                    setting = {**unit, "stride": stride, "rate": rate}
                    net = recomputation.block(block.unit_fn, net, **setting)
            net = scoping.collect_outputs(outputs_collections, sc.name, net)
            stride_of_end, _ = next(plan)
            net = subsample(net, stride_of_end)
    return net


def _stride_after_its_end(block: Block) -> Block:
    """Moves a block's last stride behind its end point."""
    if not block.args:
        return block
    *units, last = block.args
    stride = last.get("stride", 1) * block.stride_after
    return block._replace(args=[*units, {**last, "stride": 1}], stride_after=stride)


def _plan(blocks: Sequence[Block], output_stride: int | None) -> list[tuple[int, int]]:
    """Returns (stride, rate) of each unit and, after its units, of each block's end."""
    strides = []
    for block in blocks:
        strides += [unit.get("stride", 1) for unit in block.args]
        strides.append(block.stride_after)
    reachable = {1, *itertools.accumulate(strides, lambda a, b: a * b)}
    if output_stride is not None and output_stride not in reachable:
        raise errors.InputError("The target output_stride cannot be reached.")
    return spatial.replace_stride_with_dilation(strides, output_stride)


def remaining_stride(output_stride: int | None) -> int | None:
    """Returns what is left of output_stride for the blocks; ValueError if not whole."""
    if output_stride is None:
        return None
    if output_stride % ROOT_STRIDE:
        raise errors.InputError("The output_stride needs to be a multiple of 4.")
    return output_stride // ROOT_STRIDE


def accept_tf_slim_positional_args(network: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a ResNet to take tf_slim's order of positional arguments too.

    research/slim has put arguments before `reuse` and `scope` that tf_slim's own
    ResNets lack. Where two follow those they share, and the second is a name, the
    caller means tf_slim's `reuse` and `scope`, and tf_slim never squeezes.

    Args:
      network: takes spatial_squeeze first of the arguments that tf_slim lacks.
    """
    shared = list(inspect.signature(network).parameters).index("spatial_squeeze")

    @functools.wraps(network)
    def accepting(*args: Any, **kwargs: Any) -> Any:
        if len(args) == shared + 2 and isinstance(args[-1], str):
            reuse, scope = args[shared:]
            kwargs |= {"spatial_squeeze": False, "reuse": reuse, "scope": scope}
            args = args[:shared]
        return network(*args, **kwargs)

    return accepting


@contextlib.contextmanager
def record_end_points(
    unit_fn: Callable[..., tf.Tensor],
    end_points: dict[str, tf.Tensor],
    is_training: bool | tf.Tensor | None,
) -> Iterator[None]:
    """Files convolutions, units and blocks made inside under their scopes' names.

    It opens in the network's variable scope, which names TF-Slim's collections of them.

    Args:
      unit_fn: the residual unit.
      end_points: receives them, in the order in which they are made.
      is_training: mode of batch norm; None leaves it to the enclosing arg scope.
    """
    filed = [end_points, *scoping.name_end_points_collections()]
    mode = {} if is_training is None else {"is_training": is_training}
    layers: list[Callable] = [slim.conv2d, unit_fn, stack_blocks_dense]
    with (
        slim.arg_scope(layers, outputs_collections=filed),
        slim.arg_scope([slim.batch_norm], **mode),
    ):
        yield


def add_classifier(
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
