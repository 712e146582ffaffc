"""ResNet-50 as its authors published it, and as Caffe and Keras weights expect it.

Deep Residual Learning for Image Recognition, Kaiming He et al., arXiv:1512.03385. It
differs from research/slim's `resnet_v1_50` in where it strides: in the first 1x1
convolution of a block and its shortcut, not in the last 3x3 of the block before. A
block's end point therefore has the resolution of the paper's Table 1.

`resnet50_v1_5` strides in the first 3x3 convolution of a block, as Torch's weights
expect it (Goyal et al., arXiv:1706.02677, section 5.1): half a percent more accurate,
for a tenth more multiply-adds.
"""

import functools
from collections.abc import Sequence

import tensorflow as tf

from slimnets import slim
from slimnets.layers import recomputation
from slimnets.nets import resnet_utils, resnet_v1, spatial
from slimnets.nets.row import Network, named_builder

# Keras' epsilon; it is given to convolutions' batch norm and cannot be set further in.
resnet50_arg_scope = functools.partial(
    resnet_utils.resnet_arg_scope, batch_norm_epsilon=1.001e-5
)


def _build(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool | tf.Tensor | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: str | None = None,
    *,
    table: Sequence[resnet_utils.Stage],
    stride_in: resnet_utils.StrideIn,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """ResNet-50 with the resolutions of arXiv:1512.03385, Table 1.

    The end point '<scope>/block3' has stride 16 and 1024 channels: images of 600x600
    give 38x38x1024. It is the feature layer that detectors such as Faster R-CNN
    (arXiv:1506.01497) share between region proposals and classification.

    Keras' and Caffe's weights fit under resnet50's names once three things are done:
    flip the input channels of 'resnet50/conv1/weights' (they were trained on BGR),
    subtract a convolution's biases from its batch norm's moving mean, and add height
    and width of 1 to the matrix of the logits.

    Args:
      inputs: float [batch, height, width, channels].
      num_classes: number of logits; None or 0 gives the features before them.
      is_training: whether batch norm trains; None leaves it to the arg scope.
      global_pool: take the mean over height and width before the logits.
      output_stride: images' size divided by features' size at which dilation takes
        the place of strides: 4, 8, 16 or 32; None for none.
      spatial_squeeze: drop height and width of the logits; they must be 1.
      reuse: reuse the variables of `scope`.
      scope: variable scope.
      table: the stages, first to last.
      stride_in: see resnet_utils.make_blocks.

    Returns:
      net: logits [batch, num_classes], or [batch, height, width, num_classes]; or
        features of 2048 channels.
      end_points: as resnet_v1's.

    Raises:
      ValueError: output_stride cannot be reached, or spatial_squeeze is asked for
        and the logits have more than one pixel.
    """
    blocks = resnet_utils.make_blocks(resnet_v1.bottleneck, table, stride_in)
    end_points: dict[str, tf.Tensor] = {}
    with (
        tf.compat.v1.variable_scope(scope, "resnet50", [inputs], reuse=reuse),
        resnet_utils.record_end_points(resnet_v1.bottleneck, end_points, is_training),
    ):
        output_stride = resnet_utils.remaining_stride(output_stride)
        net = recomputation.block(_root, inputs)
        net = resnet_utils.stack_blocks_dense(net, blocks, output_stride)
        net = resnet_utils.add_classifier(
            net, end_points, num_classes, global_pool, spatial_squeeze
        )
    return net, end_points


def _root(net: tf.Tensor) -> tf.Tensor:
    """Adds what comes before the first block."""
    net = resnet_utils.conv2d_same(net, 64, 7, stride=2, scope="conv1")
    net = spatial.fixed_padding(net, 3)
    return slim.max_pool2d(net, 3, stride=2, padding="VALID", scope="pool1")


NETWORKS = (
    Network(
        "resnet50",
        _build,
        resnet50_arg_scope,
        image_size=224,
        preprocessing="vgg",
        classes=1000,
        paper="arXiv:1512.03385, table 1",
        parameters=25_557_032,
        multiply_adds=3858.0,
        # of keras.applications' weights
        top1=74.9,
        top5=92.1,
        arguments={
            "table": resnet_utils.RESNET_50,
            "stride_in": "first_1x1",
            "scope": "resnet50",
        },
    ),
    Network(
        "resnet50_v1_5",
        _build,
        resnet_utils.resnet_arg_scope,
        image_size=224,
        preprocessing="imagenet",
        classes=1000,
        paper="arXiv:1706.02677, section 5.1",
        parameters=25_557_032,
        multiply_adds=4089.2,
        # of torchvision's first weights
        top1=76.1,
        top5=92.9,
        arguments={
            "table": resnet_utils.RESNET_50,
            "stride_in": "first_3x3",
            "scope": "resnet50_v1_5",
        },
    ),
)

resnet50 = named_builder(NETWORKS, "resnet50")
resnet50_v1_5 = named_builder(NETWORKS, "resnet50_v1_5")
