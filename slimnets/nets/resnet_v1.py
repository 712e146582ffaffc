"""ResNet v1: residual networks with batch normalization after every convolution.

Deep Residual Learning for Image Recognition, Kaiming He et al., arXiv:1512.03385;
its bottleneck units, with projection shortcuts where the depth grows. A block strides
in the 3x3 convolution of its last unit, as research/slim's networks do and their
published checkpoints expect; `resnet50` has the strides where the paper has them.

    with slim.arg_scope(resnet_v1.resnet_arg_scope()):
        logits, end_points = resnet_v1.resnet_v1_50(images, 1000, is_training=False)

For dense prediction pass global_pool=False and an output_stride (16 or 8), and give
images of 32 k + 1 pixels: then features lie exactly on every 16th or 8th pixel.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from slimnets import slim
from slimnets.layers import recomputation, scoping
from slimnets.nets import resnet_utils
from slimnets.nets.row import Network, named_builder, set_image_size

resnet_arg_scope = resnet_utils.resnet_arg_scope


@slim.add_arg_scope
def bottleneck(
    inputs: tf.Tensor,
    depth: int,
    depth_bottleneck: int,
    stride: int,
    rate: int = 1,
    outputs_collections: Any = None,
    scope: str | None = None,
    use_bounded_activations: bool = False,
) -> tf.Tensor:
    """A residual unit: 1x1, 3x3 and 1x1 convolutions beside a shortcut.

    Figure 5 (right) of arXiv:1512.03385, but the 3x3 convolution has the stride.

    Args:
      inputs: float [batch, height, width, channels].
      depth: channels of the result.
      depth_bottleneck: channels of the first two convolutions.
      stride: >= 1.
      rate: dilation of the 3x3 convolution, >= 1.
      outputs_collections: collections of the result, or a dict that receives it.
      scope: variable scope, 'bottleneck_v1' if None.
      use_bounded_activations: keep values within 6, for quantized inference.

    Returns:
      float [batch, ceil(height / stride), ceil(width / stride), depth].
    """
    with tf.compat.v1.variable_scope(scope, "bottleneck_v1", [inputs]) as sc:
        if depth == scoping.get_channels(inputs, "NHWC"):
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = slim.conv2d(
                inputs,
                depth,
                1,
                stride=stride,
                activation_fn=tf.nn.relu6 if use_bounded_activations else None,
                scope="shortcut",
            )
        residual = slim.conv2d(inputs, depth_bottleneck, 1, scope="conv1")
        residual = resnet_utils.conv2d_same(
            residual, depth_bottleneck, 3, stride, rate=rate, scope="conv2"
        )
        residual = slim.conv2d(residual, depth, 1, activation_fn=None, scope="conv3")
        if use_bounded_activations:
            residual = tf.clip_by_value(residual, -6.0, 6.0)
            outputs = tf.nn.relu6(shortcut + residual)
        else:
            outputs = tf.nn.relu(shortcut + residual)
        return scoping.collect_outputs(outputs_collections, sc.name, outputs)


@resnet_utils.accept_tf_slim_positional_args
def resnet_v1(
    inputs: tf.Tensor,
    blocks: Sequence[resnet_utils.Block],
    num_classes: int | None = None,
    is_training: bool | tf.Tensor | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    include_root_block: bool = True,
    spatial_squeeze: bool = True,
    store_non_strided_activations: bool = False,
    reuse: bool | None = None,
    scope: str | None = None,
    *,
    use_explicit_padding: bool = False,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """A ResNet v1 of any blocks.

    Args:
      inputs: float [batch, height, width, channels].
      blocks: first to last, such as resnet_v1_block makes.
      num_classes: number of logits; None or 0 gives the features before them.
      is_training: whether batch norm trains; None leaves it to the arg scope.
      global_pool: take the mean over height and width before the logits.
      output_stride: images' size divided by features' size at which dilation takes
        the place of strides: 4, 8 or 16 for four blocks; None for none.
      include_root_block: begin with the 7x7 convolution and the max pool, which
        together have stride 4.
      spatial_squeeze: drop height and width of the logits; they must be 1.
      store_non_strided_activations: stride after a block's end point, not before.
      reuse: reuse the variables of `scope`.
      scope: variable scope, 'resnet_v1' if None.
      use_explicit_padding: of the root block's pool: see resnet_utils.add_root_pool.

    Returns:
      net: logits [batch, num_classes], or [batch, height, width, num_classes]; or
        features of the last block's depth.
      end_points: every convolution, unit and block by its scope's name, then
        'global_pool', '<scope>/logits', '<scope>/spatial_squeeze', 'predictions',
        those there are.

    Raises:
      ValueError: output_stride cannot be reached, or spatial_squeeze is asked for
        and the logits have more than one pixel.
    """
    with tf.compat.v1.variable_scope(scope, "resnet_v1", [inputs], reuse=reuse):
        end_points: dict[str, tf.Tensor] = {}
        with resnet_utils.record_end_points(bottleneck, end_points, is_training):
            net = inputs
            if include_root_block:
                output_stride = resnet_utils.remaining_stride(output_stride)
                net = recomputation.block(
                    _root, net, use_explicit_padding=use_explicit_padding
                )
            net = resnet_utils.stack_blocks_dense(
                net, blocks, output_stride, store_non_strided_activations
            )
            net = resnet_utils.add_classifier(
                net, end_points, num_classes, global_pool, spatial_squeeze
            )
        return net, end_points


def _root(net: tf.Tensor, use_explicit_padding: bool) -> tf.Tensor:
    """Adds what comes before the first block."""
    net = resnet_utils.conv2d_same(net, 64, 7, stride=2, scope="conv1")
    return resnet_utils.add_root_pool(net, use_explicit_padding)


def resnet_v1_block(
    scope: str, base_depth: int, num_units: int, stride: int
) -> resnet_utils.Block:
    """Returns a block of `bottleneck` units.

    Args:
      scope: of the block.
      base_depth: depth of the bottlenecks; the units' is four times as much.
      num_units: >= 1.
      stride: of the last unit; the others have none.
    """
    strides = [1] * (num_units - 1) + [stride]
    return resnet_utils.make_block(bottleneck, scope, base_depth, strides)


@resnet_utils.accept_tf_slim_positional_args
def _build(
    inputs: tf.Tensor,
    num_classes: int | None = None,
    is_training: bool | tf.Tensor | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    store_non_strided_activations: bool = False,
    min_base_depth: int = 8,
    depth_multiplier: float = 1,
    reuse: bool | None = None,
    scope: str | None = None,
    *,
    stride_in: resnet_utils.StrideIn = "last_3x3",
    use_explicit_padding: bool = False,
    table: Sequence[resnet_utils.Stage],
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """A ResNet v1 of the stages in a table.

    Args:
      inputs, num_classes, is_training, global_pool, output_stride, spatial_squeeze,
        store_non_strided_activations, reuse, scope: as resnet_v1's.
      min_base_depth: the least depth of a bottleneck.
      depth_multiplier: multiplies the stages' depths, >= 0.
      stride_in: see resnet_utils.make_blocks; 'first_3x3' is that of PyTorch's
        libraries.
      use_explicit_padding: as resnet_v1's.
      table: the stages, first to last.

    Returns:
      As resnet_v1.

    Raises:
      ValueError: as resnet_v1.
    """
    blocks = resnet_utils.make_blocks(
        bottleneck, table, stride_in, min_base_depth, depth_multiplier
    )
    return resnet_v1(
        inputs,
        blocks,
        num_classes,
        is_training,
        global_pool,
        output_stride,
        spatial_squeeze=spatial_squeeze,
        store_non_strided_activations=store_non_strided_activations,
        reuse=reuse,
        scope=scope,
        use_explicit_padding=use_explicit_padding,
    )


def _row(name: str, table: Sequence[resnet_utils.Stage], **facts: Any) -> Network:
    return Network(
        name,
        _build,
        resnet_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        arguments={"table": table, "scope": name},
        **facts,
    )


NETWORKS = (
    _row(
        "resnet_v1_50",
        resnet_utils.RESNET_50,
        paper="arXiv:1512.03385, table 1",
        parameters=25_557_032,
        multiply_adds=3482.3,
        top1=75.2,
        top5=92.2,
    ),
    _row(
        "resnet_v1_101",
        resnet_utils.RESNET_101,
        paper="arXiv:1512.03385, table 1",
        parameters=44_549_160,
        multiply_adds=7194.5,
        top1=76.4,
        top5=92.9,
    ),
    _row(
        "resnet_v1_152",
        resnet_utils.RESNET_152,
        paper="arXiv:1512.03385, table 1",
        parameters=60_192_808,
        multiply_adds=10906.7,
        top1=76.8,
        top5=93.2,
    ),
    _row(
        "resnet_v1_200",
        resnet_utils.RESNET_200,
        paper="arXiv:1603.05027",
        parameters=64_673_832,
        multiply_adds=14400.6,
    ),
)

resnet_v1_50 = named_builder(NETWORKS, "resnet_v1_50")
resnet_v1_101 = named_builder(NETWORKS, "resnet_v1_101")
resnet_v1_152 = named_builder(NETWORKS, "resnet_v1_152")
resnet_v1_200 = named_builder(NETWORKS, "resnet_v1_200")
set_image_size(resnet_v1, NETWORKS[0].image_size)
