"""I3D, inflated Inception v1: "Quo Vadis, Action Recognition?".

Carreira and Zisserman, arXiv:1705.07750: Inception v1 with kernels that see several
frames. Its table is that of s3dg, without gates and with a first kernel of 7 frames.

    with slim.arg_scope(i3d.i3d_arg_scope()):
        logits, end_points = i3d.i3d(frames, 400, is_training=False)
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets import slim
from slimnets.nets import i3d_utils, s3dg
from slimnets.nets.row import VIDEO_CLASSIFIER, Network, named_builder
from slimnets.nets.table import EndPoints, Row

trunc_normal = s3dg.trunc_normal  # TF-Slim's programs take it from here
# Figure 3 of arXiv:1705.07750.
TABLE = s3dg.TABLE


def i3d_arg_scope(
    weight_decay: float = 1e-7,
    batch_norm_decay: float = 0.999,
    batch_norm_epsilon: float = 0.001,
    use_renorm: bool = False,
    separable_conv3d: bool = False,
) -> dict[str, Any]:
    """Returns the network's defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers, >= 0.
      batch_norm_decay: of the moving averages, in [0, 1].
      batch_norm_epsilon: added to the variance.
      use_renorm: batch renormalization, where slim.batch_norm has it.
      separable_conv3d: convolutions over frames in two steps.
    """
    return s3dg.make_arg_scope(
        weight_decay,
        {
            "decay": batch_norm_decay,
            "epsilon": batch_norm_epsilon,
            "renorm": use_renorm,
        },
        separable_conv3d,
    )


def i3d_base(
    inputs: tf.Tensor,
    final_endpoint: str = "Mixed_5c",
    scope: Any = "InceptionV1",
    *,
    table: Sequence[Row] = TABLE,
) -> tuple[tf.Tensor, EndPoints]:
    """I3D without its classifier, up to an end point.

    Args:
      inputs: float [batch, frames, height, width, channels].
      final_endpoint: the last row built, a name of TABLE.
      scope: variable scope.
      table: the network.

    Returns:
      The final end point, and all end points by name.

    Raises:
      InputError: inputs' rank is not 5, or there is no such end point.
    """
    return s3dg.s3dg_base(
        inputs,
        first_temporal_kernel_size=7,
        gating_startat=None,
        final_endpoint=final_endpoint,
        scope=scope,
        table=table,
    )


def build_i3d(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    dropout_keep_prob: float = 0.8,
    is_training: bool | tf.Tensor = True,
    prediction_fn: Callable = slim.softmax,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    scope: Any = "InceptionV1",
    *,
    table: Sequence[Row],
) -> tuple[tf.Tensor, EndPoints]:
    """I3D for the classification of videos.

    Args:
      inputs: float [batch, frames, height, width, channels]; 64 frames of 224x224 in
        the paper.
      num_classes: number of logits; None or 0 returns the pooled features instead.
      dropout_keep_prob: the probability that a feature is kept in training.
      is_training: whether dropout and batch norm train.
      prediction_fn: `f(logits, scope=...)` gives the end point 'Predictions'.
      spatial_squeeze: drop the logits' height and width, which must be 1.
      reuse: reuse the network's variables; needs `scope`.
      scope: variable scope.
      table: the network.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features [batch, rows, columns, 1024]; and the end points by name.

    Raises:
      InputError: inputs' rank is not 5, or the logits to squeeze are a map.
    """
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV1", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = i3d_base(inputs, scope=sc, table=table)
        net = i3d_utils.add_classifier(
            net,
            end_points,
            num_classes,
            dropout_keep_prob,
            prediction_fn,
            spatial_squeeze,
        )
    return net, end_points


NETWORKS = (
    Network(
        "i3d",
        build_i3d,
        i3d_arg_scope,
        image_size=224,
        preprocessing="",
        classes=400,
        paper="arXiv:1705.07750, figure 3",
        parameters=12_689_984,
        multiply_adds=111_153.1,
        arguments={"table": TABLE},
        kind=VIDEO_CLASSIFIER,
    ),
)

i3d = named_builder(NETWORKS, "i3d")
