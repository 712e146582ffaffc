"""Inception-ResNet v2: "Inception-v4, Inception-ResNet and the Impact of Residual
Connections on Learning".

Szegedy et al., arXiv:1602.07261. Depths are those of the published checkpoint, and so
is the beginning: Inception v3's, not the paper's figure 3.

    with slim.arg_scope(inception_resnet_v2.inception_resnet_v2_arg_scope()):
        logits, end_points = inception_resnet_v2.inception_resnet_v2(
            images, is_training=False
        )
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import image_size, inception_blocks, inception_utils
from slimnets.nets.inception_blocks import (
    Activation,
    AvgPool,
    Branches,
    Conv,
    EndPoint,
    MaxPool,
    Mixed,
    Residual,
)
from slimnets.nets.row import Network, named_builder
from slimnets.nets.table import EndPoints, Row, run_table

SMALLEST_IMAGE = 75  # the side in pixels that leaves Mixed_7a one

BLOCK35: Branches = (  # figure 16
    [Conv("Conv2d_1x1", 32, 1)],
    [Conv("Conv2d_0a_1x1", 32, 1), Conv("Conv2d_0b_3x3", 32, 3)],
    [
        Conv("Conv2d_0a_1x1", 32, 1),
        Conv("Conv2d_0b_3x3", 48, 3),
        Conv("Conv2d_0c_3x3", 64, 3),
    ],
)
BLOCK17: Branches = (  # figure 17
    [Conv("Conv2d_1x1", 192, 1)],
    [
        Conv("Conv2d_0a_1x1", 128, 1),
        Conv("Conv2d_0b_1x7", 160, (1, 7)),
        Conv("Conv2d_0c_7x1", 192, (7, 1)),
    ],
)
BLOCK8: Branches = (  # figure 19
    [Conv("Conv2d_1x1", 192, 1)],
    [
        Conv("Conv2d_0a_1x1", 192, 1),
        Conv("Conv2d_0b_1x3", 224, (1, 3)),
        Conv("Conv2d_0c_3x1", 256, (3, 1)),
    ],
)
MIXED_5B: Branches = (
    [Conv("Conv2d_1x1", 96, 1)],
    [Conv("Conv2d_0a_1x1", 48, 1), Conv("Conv2d_0b_5x5", 64, 5)],
    [
        Conv("Conv2d_0a_1x1", 64, 1),
        Conv("Conv2d_0b_3x3", 96, 3),
        Conv("Conv2d_0c_3x3", 96, 3),
    ],
    [AvgPool("AvgPool_0a_3x3"), Conv("Conv2d_0b_1x1", 64, 1)],
)
AUXILIARY_HEAD = inception_utils.AuxiliaryHead(
    pool="Conv2d_1a_3x3", whole="Conv2d_2a_5x5", logits="Logits"
)
REDUCTION_A: Branches = (  # figure 7; k, l, m, n = 256, 256, 384, 384 of table 1
    [Conv("Conv2d_1a_3x3", 384, 3, 2, "VALID")],
    [
        Conv("Conv2d_0a_1x1", 256, 1),
        Conv("Conv2d_0b_3x3", 256, 3),
        Conv("Conv2d_1a_3x3", 384, 3, 2, "VALID"),
    ],
    [MaxPool("MaxPool_1a_3x3", 3, 2, "VALID")],
)
REDUCTION_B: Branches = (  # figure 18
    [Conv("Conv2d_0a_1x1", 256, 1), Conv("Conv2d_1a_3x3", 384, 3, 2, "VALID")],
    [Conv("Conv2d_0a_1x1", 256, 1), Conv("Conv2d_1a_3x3", 288, 3, 2, "VALID")],
    [
        Conv("Conv2d_0a_1x1", 256, 1),
        Conv("Conv2d_0b_3x3", 288, 3),
        Conv("Conv2d_1a_3x3", 320, 3, 2, "VALID"),
    ],
    [MaxPool("MaxPool_1a_3x3", 3, 2, "VALID")],
)
TABLE: tuple[Row, ...] = (  # figure 15
    Conv("Conv2d_1a_3x3", 32, 3, 2, "VALID"),
    Conv("Conv2d_2a_3x3", 32, 3, 1, "VALID"),
    Conv("Conv2d_2b_3x3", 64, 3),
    MaxPool("MaxPool_3a_3x3", 3, 2, "VALID"),
    Conv("Conv2d_3b_1x1", 80, 1, 1, "VALID"),
    Conv("Conv2d_4a_3x3", 192, 3, 1, "VALID"),
    MaxPool("MaxPool_5a_3x3", 3, 2, "VALID"),
    Mixed("Mixed_5b", MIXED_5B),
    *[Residual(f"Repeat/block35_{k}", BLOCK35, 0.17) for k in range(1, 11)],
    Mixed("Mixed_6a", REDUCTION_A),
    *[Residual(f"Repeat_1/block17_{k}", BLOCK17, 0.10) for k in range(1, 21)],
    EndPoint("PreAuxLogits"),
    Mixed("Mixed_7a", REDUCTION_B),
    *[Residual(f"Repeat_2/block8_{k}", BLOCK8, 0.20) for k in range(1, 10)],
    Residual("Block8", BLOCK8, 1.0, activation_fn=None),
    Conv("Conv2d_7b_1x1", 1536, 1),
)


def _block(default_scope: str, branches: Branches) -> Callable[..., tf.Tensor]:
    """Returns a function that adds one residual block."""

    def block(
        net: tf.Tensor,
        scale: float = 1.0,
        activation_fn: Activation | None = tf.nn.relu,
        scope: Any = None,
        reuse: bool | None = None,
    ) -> tf.Tensor:
        with tf.compat.v1.variable_scope(scope, default_scope, [net], reuse=reuse):
            return Residual(default_scope, branches, scale, activation_fn).add(net)

    block.__name__ = block.__qualname__ = default_scope.lower()  # slim.repeat's scope
    block.__doc__ = f"Adds one block of {default_scope.upper()}."
    return block


block35 = _block("Block35", BLOCK35)
block17 = _block("Block17", BLOCK17)
block8 = _block("Block8", BLOCK8)


def inception_resnet_v2_base(
    inputs: tf.Tensor,
    final_endpoint: str = "Conv2d_7b_1x1",
    output_stride: int = 16,
    align_feature_maps: bool = False,
    scope: Any = None,
    activation_fn: Activation | None = tf.nn.relu,
    *,
    table: Sequence[Row] = TABLE,
) -> tuple[tf.Tensor, EndPoints]:
    """Inception-ResNet v2 without its classifier, up to an end point.

    Args:
      inputs: float [batch, height, width, channels].
      final_endpoint: the last row built: 'Conv2d_1a_3x3', 'Conv2d_2a_3x3',
        'Conv2d_2b_3x3', 'MaxPool_3a_3x3', 'Conv2d_3b_1x1', 'Conv2d_4a_3x3',
        'MaxPool_5a_3x3', 'Mixed_5b', 'Mixed_6a', 'PreAuxLogits', 'Mixed_7a' or
        'Conv2d_7b_1x1'.
      output_stride: images' size divided by that of 'PreAuxLogits': 16, or 8, which
        dilates the blocks after Mixed_6a; what follows PreAuxLogits has no such form.
      align_feature_maps: pad every layer, so that features lie over the image evenly.
      scope: variable scope, 'InceptionResnetV2' if None.
      activation_fn: of the residual blocks' sums. That of convolutions is the arg
        scope's.
      table: the network.

    Returns:
      The final end point, and all end points by name.

    Raises:
      ValueError: output_stride or final_endpoint is none of the values above, or
        images are too small for it.
    """
    if output_stride not in (8, 16):
        raise errors.InputError(f"output_stride must be 8 or 16, not {output_stride}")
    if output_stride == 8 and final_endpoint in ("Mixed_7a", "Conv2d_7b_1x1"):
        raise errors.InputError(
            f"output_stride=8 goes up to end point 'PreAuxLogits', not {final_endpoint}"
        )
    with tf.compat.v1.variable_scope(scope, "InceptionResnetV2", [inputs]):
        return run_table(
            _expand(table, align_feature_maps, activation_fn),
            inputs,
            final_endpoint,
            # That of PreAuxLogits: the layers' own stride there is 16.
            output_stride=8 if output_stride == 8 else None,
        )


def _expand(
    rows: Sequence[Row], align_feature_maps: bool, activation_fn: Activation | None
) -> list[Row]:
    """Returns the table with padding and activation of the sums as they are asked."""
    if align_feature_maps:
        rows = inception_blocks.replace_in_layers(rows, padding=lambda _: "SAME")
    return [
        row._replace(activation_fn=activation_fn)
        if isinstance(row, Residual) and row.activation_fn
        else row
        for row in rows
    ]


def build_inception_resnet_v2(
    inputs: tf.Tensor,
    num_classes: int | None = 1001,
    is_training: bool | tf.Tensor = True,
    dropout_keep_prob: float = 0.8,
    reuse: bool | None = None,
    scope: Any = "InceptionResnetV2",
    create_aux_logits: bool = True,
    activation_fn: Activation | None = tf.nn.relu,
    *,
    table: Sequence[Row],
) -> tuple[tf.Tensor, EndPoints]:
    """Inception-ResNet v2 (arXiv:1602.07261) for classification.

    Args:
      inputs: float [batch, height, width, channels], at least 75x75; 299x299 in the
        paper. Height and width must be static where create_aux_logits is True.
      num_classes: number of logits; None or 0 returns the pooled features instead.
      is_training: whether dropout and batch norm train.
      dropout_keep_prob: the probability that a feature is kept in training.
      reuse: reuse the network's variables; needs `scope`.
      scope: variable scope.
      create_aux_logits: make the auxiliary head, the end point 'AuxLogits', whatever
        is_training says: published checkpoints have its variables. One of them has
        the size of the features, which must be that of 299x299 images to load it.
      activation_fn: of the residual blocks' sums.
      table: the network.

    Returns:
      float logits [batch, num_classes], or features [batch, 1, 1, 1536]; and the end
      points by name.

    Raises:
      ValueError: inputs' rank is not 4, images are too small, or their size is unknown
        to the auxiliary head.
    """
    image_size.check_image_size(inputs, "inception_resnet_v2", SMALLEST_IMAGE)
    with (
        tf.compat.v1.variable_scope(
            scope, "InceptionResnetV2", [inputs], reuse=reuse
        ) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = inception_resnet_v2_base(
            inputs, scope=sc, activation_fn=activation_fn, table=table
        )
        if create_aux_logits and num_classes:
            end_points["AuxLogits"] = inception_utils.auxiliary_whole(
                end_points["PreAuxLogits"], AUXILIARY_HEAD, num_classes
            )
        net = inception_utils.classified_whole(
            net,
            end_points,
            num_classes,
            dropout_keep_prob,
            pool="AvgPool_1a_8x8",
            dropout="Dropout",
        )
    return net, end_points


def inception_resnet_v2_arg_scope(
    weight_decay: float = 0.00004,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    activation_fn: Activation | None = tf.nn.relu,
    batch_norm_updates_collections: Any = tf.compat.v1.GraphKeys.UPDATE_OPS,
    batch_norm_scale: bool = False,
) -> dict[str, Any]:
    """Returns the network's defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers of weights and biases, >= 0.
      batch_norm_decay: of the moving averages, in [0, 1].
      batch_norm_epsilon: added to the variance.
      activation_fn: of convolutions.
      batch_norm_updates_collections: as batch_norm's updates_collections.
      batch_norm_scale: give batch norm a `gamma`; relu makes it needless.
    """
    regularizer = slim.l2_regularizer(weight_decay)
    with (
        slim.arg_scope(
            [slim.conv2d, slim.fully_connected],
            weights_regularizer=regularizer,
            biases_regularizer=regularizer,
        ),
        slim.arg_scope(
            [slim.conv2d],
            activation_fn=activation_fn,
            normalizer_fn=slim.batch_norm,
            normalizer_params={
                "decay": batch_norm_decay,
                "epsilon": batch_norm_epsilon,
                "updates_collections": batch_norm_updates_collections,
                "fused": None,
                "scale": batch_norm_scale,
            },
        ) as defaults,
    ):
        return defaults


NETWORKS = (
    Network(
        "inception_resnet_v2",
        build_inception_resnet_v2,
        inception_resnet_v2_arg_scope,
        image_size=299,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1602.07261, figure 15",
        parameters=59_182_258,
        arguments={"table": TABLE},
        multiply_adds=13162.5,
        top1=80.4,
        top5=95.3,
    ),
)

inception_resnet_v2 = named_builder(NETWORKS, "inception_resnet_v2")
