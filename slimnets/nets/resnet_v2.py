"""ResNet v2: residual networks with batch normalization before every convolution.

Identity Mappings in Deep Residual Networks, Kaiming He et al., arXiv:1603.05027: the
units of figure 1(b), which leave the shortcut as it is, in the blocks of ResNet v1.

    with slim.arg_scope(resnet_v2.resnet_arg_scope()):
        logits, end_points = resnet_v2.resnet_v2_50(images, 1001, is_training=False)

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
) -> tf.Tensor:
    """A residual unit: batch norm and relu, then 1x1, 3x3 and 1x1 convolutions.

    Figure 1(b) of arXiv:1603.05027; the 3x3 convolution has the stride. A shortcut
    that must change the depth is a convolution of the activated inputs, as in the
    paper's appendix.

    Args:
      inputs: float [batch, height, width, channels].
      depth: channels of the result.
      depth_bottleneck: channels of the first two convolutions.
      stride: >= 1.
      rate: dilation of the 3x3 convolution, >= 1.
      outputs_collections: collections of the result, or a dict that receives it.
      scope: variable scope, 'bottleneck_v2' if None.

    Returns:
      float [batch, ceil(height / stride), ceil(width / stride), depth].
    """
    linear: dict[str, Any] = {"normalizer_fn": None, "activation_fn": None}
    with tf.compat.v1.variable_scope(scope, "bottleneck_v2", [inputs]) as sc:
        preact = slim.batch_norm(inputs, activation_fn=tf.nn.relu, scope="preact")
        if depth == scoping.get_channels(inputs, "NHWC"):
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = slim.conv2d(
                preact, depth, 1, stride=stride, scope="shortcut", **linear
            )
        residual = slim.conv2d(preact, depth_bottleneck, 1, scope="conv1")
        residual = resnet_utils.conv2d_same(
            residual, depth_bottleneck, 3, stride, rate=rate, scope="conv2"
        )
        residual = slim.conv2d(residual, depth, 1, scope="conv3", **linear)
        return scoping.collect_outputs(
            outputs_collections, sc.name, shortcut + residual
        )


@resnet_utils.accept_tf_slim_positional_args
def resnet_v2(
    inputs: tf.Tensor,
    blocks: Sequence[resnet_utils.Block],
    num_classes: int | None = None,
    is_training: bool | tf.Tensor | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    include_root_block: bool = True,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: str | None = None,
    *,
    use_explicit_padding: bool = False,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """A ResNet v2 of any blocks.

    Args:
      inputs: float [batch, height, width, channels]; without the root block what a
        convolution gives, not normalized or activated.
      blocks: first to last, such as resnet_v2_block makes.
      num_classes: number of logits; None or 0 gives the features before them.
      is_training: whether batch norm trains; None leaves it to the arg scope.
      global_pool: take the mean over height and width before the logits.
      output_stride: images' size divided by features' size at which dilation takes
        the place of strides: 4, 8 or 16 for four blocks; None for none.
      include_root_block: begin with the 7x7 convolution and the max pool, which
        together have stride 4.
      spatial_squeeze: drop height and width of the logits; they must be 1.
      reuse: reuse the variables of `scope`.
      scope: variable scope, 'resnet_v2' if None.
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
    with tf.compat.v1.variable_scope(scope, "resnet_v2", [inputs], reuse=reuse):
        end_points: dict[str, tf.Tensor] = {}
        with resnet_utils.record_end_points(bottleneck, end_points, is_training):
            net = inputs
            if include_root_block:
                output_stride = resnet_utils.remaining_stride(output_stride)
                net = recomputation.block(
                    _root, net, use_explicit_padding=use_explicit_padding
                )
            net = resnet_utils.stack_blocks_dense(net, blocks, output_stride)
            # What the last unit leaves to a next one.
            net = slim.batch_norm(net, activation_fn=tf.nn.relu, scope="postnorm")
            net = resnet_utils.add_classifier(
                net, end_points, num_classes, global_pool, spatial_squeeze
            )
        return net, end_points


def _root(net: tf.Tensor, use_explicit_padding: bool) -> tf.Tensor:
    """Adds what comes before the first block."""
    # Linear: the first unit normalizes and activates (the appendix).
    with slim.arg_scope([slim.conv2d], activation_fn=None, normalizer_fn=None):
        net = resnet_utils.conv2d_same(net, 64, 7, stride=2, scope="conv1")
    return resnet_utils.add_root_pool(net, use_explicit_padding)


def resnet_v2_block(
    scope: str, base_depth: int, num_units: int, stride: int
) -> resnet_utils.Block:
    """Returns a block of `bottleneck` units; arguments as resnet_v1.resnet_v1_block."""
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
    reuse: bool | None = None,
    scope: str | None = None,
    *,
    stride_in: resnet_utils.StrideIn = "last_3x3",
    use_explicit_padding: bool = False,
    table: Sequence[resnet_utils.Stage],
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """A ResNet v2 of the stages in a table.

    Args:
      inputs, num_classes, is_training, global_pool, output_stride, spatial_squeeze,
        reuse, scope: as resnet_v2's.
      stride_in: see resnet_utils.make_blocks; 'first_3x3' is that of PyTorch's
        libraries.
      use_explicit_padding: as resnet_v2's.
      table: the stages, first to last.

    Returns:
      As resnet_v2.

    Raises:
      ValueError: as resnet_v2.
    """
    return resnet_v2(
        inputs,
        resnet_utils.make_blocks(bottleneck, table, stride_in),
        num_classes,
        is_training,
        global_pool,
        output_stride,
        spatial_squeeze=spatial_squeeze,
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
        # research/slim's recipe for them is vgg, but the published checkpoints were
        # trained with inception's
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1603.05027",
        arguments={"table": table, "scope": name},
        **facts,
    )


NETWORKS = (
    # the checkpoints' accuracies are at 299x299
    _row(
        "resnet_v2_50",
        resnet_utils.RESNET_50,
        parameters=25_570_409,
        multiply_adds=3482.3,
        top1=75.6,
        top5=92.8,
    ),
    _row(
        "resnet_v2_101",
        resnet_utils.RESNET_101,
        parameters=44_579_945,
        multiply_adds=7194.5,
        top1=77.0,
        top5=93.7,
    ),
    _row(
        "resnet_v2_152",
        resnet_utils.RESNET_152,
        parameters=60_238_953,
        multiply_adds=10906.7,
        top1=77.8,
        top5=94.1,
    ),
    _row(
        "resnet_v2_200",
        resnet_utils.RESNET_200,
        parameters=64_728_169,
        multiply_adds=14400.6,
        # the paper's, at 320x320; no checkpoint was published
        top1=79.9,
        top5=95.2,
    ),
)

resnet_v2_50 = named_builder(NETWORKS, "resnet_v2_50")
resnet_v2_101 = named_builder(NETWORKS, "resnet_v2_101")
resnet_v2_152 = named_builder(NETWORKS, "resnet_v2_152")
resnet_v2_200 = named_builder(NETWORKS, "resnet_v2_200")
set_image_size(resnet_v2, NETWORKS[0].image_size)
