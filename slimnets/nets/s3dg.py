"""S3D-G: "Rethinking Spatiotemporal Feature Learning: Speed-Accuracy Trade-offs".

Xie, Sun, Huang, Tu and Murphy, arXiv:1712.04851: Inception v1 over frames, with its 3x3
convolutions split into one of pixels and one over time, and with gates.

    with slim.arg_scope(s3dg.s3dg_arg_scope()):
        logits, end_points = s3dg.s3dg(frames, 400, is_training=False)

Scopes are Inception v1's, so that its checkpoints can be inflated to these networks'.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets import errors, slim
from slimnets.nets import i3d_utils
from slimnets.nets.i3d_utils import Conv, MaxPool, Mixed, Pointwise, Stem
from slimnets.nets.inception_blocks import (
    concatenate,
    depth_scale,
    replace_in_layers,
)
from slimnets.nets.initializers import trunc_normal
from slimnets.nets.row import VIDEO_CLASSIFIER, Network, named_builder
from slimnets.nets.table import EndPoints, Row, run_table

# Figure 2 of arXiv:1712.04851 on table 1 of arXiv:1409.4842. Which rows see more than
# one frame, and which have gates, is said where the network is built.
TABLE: tuple[Row, ...] = (
    Stem("Conv2d_1a_7x7", 64, 7, frames=3),
    MaxPool("MaxPool_2a_3x3", (1, 3, 3), (1, 2, 2)),
    Pointwise("Conv2d_2b_1x1", 64),
    Conv("Conv2d_2c_3x3", 192, 3),
    MaxPool("MaxPool_3a_3x3", (1, 3, 3), (1, 2, 2)),
    #                #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj
    Mixed("Mixed_3b", (64, 96, 128, 16, 32, 32)),
    Mixed("Mixed_3c", (128, 128, 192, 32, 96, 64)),
    MaxPool("MaxPool_4a_3x3", (3, 3, 3), (2, 2, 2)),
    Mixed("Mixed_4b", (192, 96, 208, 16, 48, 64)),
    Mixed("Mixed_4c", (160, 112, 224, 24, 64, 64)),
    Mixed("Mixed_4d", (128, 128, 256, 24, 64, 64)),
    Mixed("Mixed_4e", (112, 144, 288, 32, 64, 64)),
    Mixed("Mixed_4f", (256, 160, 320, 32, 128, 128)),
    MaxPool("MaxPool_5a_2x2", (2, 2, 2), (2, 2, 2)),
    Mixed("Mixed_5b", (256, 160, 320, 32, 128, 128)),
    Mixed("Mixed_5c", (384, 192, 384, 48, 128, 128)),
)


def s3dg_arg_scope(
    weight_decay: float = 1e-7,
    batch_norm_decay: float = 0.999,
    batch_norm_epsilon: float = 0.001,
) -> dict[str, Any]:
    """Returns the network's defaults, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers, >= 0.
      batch_norm_decay: of the moving averages, in [0, 1].
      batch_norm_epsilon: added to the variance.
    """
    return make_arg_scope(
        weight_decay,
        {"decay": batch_norm_decay, "epsilon": batch_norm_epsilon},
        separable=True,
    )


def make_arg_scope(
    weight_decay: float, batch_norm_params: dict[str, Any], separable: bool
) -> dict[str, Any]:
    """Returns the defaults of networks of videos, for `slim.arg_scope`.

    Args:
      weight_decay: of the L2 regularizers, >= 0.
      batch_norm_params: arguments of batch norm that differ from its own.
      separable: convolutions over frames in two steps: see conv3d_spatiotemporal.
    """
    averages = {"moving_mean": ["moving_vars"], "moving_variance": ["moving_vars"]}
    with (
        slim.arg_scope(
            [slim.conv3d, i3d_utils.conv3d_spatiotemporal],
            weights_regularizer=slim.l2_regularizer(weight_decay),
            activation_fn=tf.nn.relu,
            normalizer_fn=slim.batch_norm,
            normalizer_params={
                "fused": False,
                "variables_collections": {"beta": None, "gamma": None} | averages,
                **batch_norm_params,
            },
        ),
        slim.arg_scope(
            [i3d_utils.conv3d_spatiotemporal], separable=separable
        ) as defaults,
    ):
        return defaults


def self_gating(
    input_tensor: tf.Tensor, scope: str, data_format: str = "NDHWC"
) -> tf.Tensor:
    """Weighs channels by what they hold in all frames together (section 4.5).

    Args:
      input_tensor: float [batch, frames, height, width, channels], or as data_format
        says.
      scope: variable scope of the layer whose output it is.
      data_format: 'NDHWC' or 'NCDHW'.

    Returns:
      The features, of the same shape, each channel multiplied by a number in (0, 1).
    """
    axes = [data_format.index(axis) for axis in "DHW"]
    name = f"{scope}/self_gating/avg_pool3d"
    average = tf.reduce_mean(input_tensor, axes, keepdims=True, name=name)
    weights = slim.conv3d(
        average,
        tf.TensorShape(input_tensor.shape).as_list()[data_format.index("C")],
        [1, 1, 1],
        activation_fn=None,
        normalizer_fn=None,
        biases_initializer=None,
        data_format=data_format,
        weights_initializer=trunc_normal(0.01),
        scope=f"{scope}/self_gating/transformer_W",
    )
    return tf.multiply(tf.sigmoid(weights), input_tensor)


def s3dg_base(
    inputs: tf.Tensor,
    first_temporal_kernel_size: int = 3,
    temporal_conv_startat: str | None = "Conv2d_2c_3x3",
    gating_startat: str | None = "Conv2d_2c_3x3",
    final_endpoint: str = "Mixed_5c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    data_format: str = "NDHWC",
    scope: Any = "InceptionV1",
    *,
    table: Sequence[Row] = TABLE,
) -> tuple[tf.Tensor, EndPoints]:
    """S3D-G without its classifier, up to an end point.

    Args:
      inputs: float [batch, frames, height, width, channels], or as data_format says.
      first_temporal_kernel_size: frames that the first kernel sees: 1, 3, 5 or 7.
      temporal_conv_startat: the first row that sees three frames at a time; those
        after it do too. 'Conv2d_2c_3x3' or a 'Mixed_*' of TABLE; None for none.
      gating_startat: likewise, the first row with gates.
      final_endpoint: the last row built, a name of TABLE.
      min_depth: the least depth that comes of depth_multiplier.
      depth_multiplier: multiplies all depths, > 0.
      data_format: 'NDHWC' or 'NCDHW'; TensorFlow has the latter on GPUs alone.
      scope: variable scope.
      table: the network.

    Returns:
      The final end point, and all end points by name.

    Raises:
      InputError: inputs' rank is not 5, or an argument is none of the values above.
    """
    _check(inputs, first_temporal_kernel_size, data_format)
    gate = functools.partial(self_gating, data_format=data_format)
    scale = depth_scale(depth_multiplier, min_depth)
    rows = replace_in_layers(
        _begin_at(gating_startat, table, gate=gate),
        depth=scale,
        depths=lambda depths: tuple(map(scale, depths)),
    )
    stem, *rows = _begin_at(temporal_conv_startat, rows, frames=3)
    rows.insert(0, stem._replace(frames=first_temporal_kernel_size))
    layers: list[Callable[..., Any]] = [
        slim.conv3d,
        slim.max_pool3d,
        i3d_utils.conv3d_spatiotemporal,
    ]
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV1", [inputs]),
        slim.arg_scope([slim.conv3d], weights_initializer=trunc_normal(0.01)),
        slim.arg_scope([*layers, concatenate], data_format=data_format),
        slim.arg_scope(layers, stride=1, padding="SAME"),
    ):
        return run_table(rows, inputs, final_endpoint)


def _check(inputs: tf.Tensor, first_frames: int, data_format: str) -> None:
    rank = tf.TensorShape(inputs.shape).rank
    if rank != 5:
        raise errors.InputError(
            "inputs must have rank 5 (batch, frames, height, width, channels), not"
            f" {rank}"
        )
    if data_format not in ("NDHWC", "NCDHW"):
        raise errors.unknown("data_format", str(data_format), ("NDHWC", "NCDHW"))
    if first_frames not in (1, 3, 5, 7):
        raise errors.InputError(
            f"first_temporal_kernel_size can only be 1, 3, 5 or 7, not {first_frames}"
        )


def _begin_at(name: str | None, table: Sequence[Any], **values: Any) -> list[Any]:
    """Gives the 3x3 convolutions from row `name` on other values; None: to none."""
    names = [row.name for row in table if isinstance(row, Conv | Mixed)]
    if name not in (None, *names):
        raise errors.unknown("row to start at", str(name), names)
    begun = names[names.index(name) :] if name else []
    return [row._replace(**values) if row.name in begun else row for row in table]


def build_s3dg(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    first_temporal_kernel_size: int = 3,
    temporal_conv_startat: str | None = "Conv2d_2c_3x3",
    gating_startat: str | None = "Conv2d_2c_3x3",
    final_endpoint: str = "Mixed_5c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    dropout_keep_prob: float = 0.8,
    is_training: bool | tf.Tensor = True,
    prediction_fn: Callable = slim.softmax,
    spatial_squeeze: bool = True,
    reuse: bool | None = None,
    data_format: str = "NDHWC",
    scope: Any = "InceptionV1",
    *,
    table: Sequence[Row],
) -> tuple[tf.Tensor, EndPoints]:
    """S3D-G for the classification of videos.

    Args:
      inputs: float [batch, frames, height, width, channels], or as data_format says;
        64 frames of 224x224 in the paper.
      num_classes: number of logits; None or 0 returns the pooled features instead.
      first_temporal_kernel_size: this and the next five as s3dg_base's.
      temporal_conv_startat: see s3dg_base.
      gating_startat: see s3dg_base.
      final_endpoint: see s3dg_base.
      min_depth: see s3dg_base.
      depth_multiplier: see s3dg_base.
      dropout_keep_prob: the probability that a feature is kept in training.
      is_training: whether dropout and batch norm train.
      prediction_fn: `f(logits, scope=...)` gives the end point 'Predictions'.
      spatial_squeeze: drop the logits' height and width, which must be 1.
      reuse: reuse the network's variables; needs `scope`.
      data_format: 'NDHWC' or 'NCDHW'; TensorFlow has the latter on GPUs alone.
      scope: variable scope.
      table: the network.

    Returns:
      float logits [batch, num_classes], or [batch, rows, columns, num_classes]
      unsqueezed, or features [batch, rows, columns, 1024]; and the end points by name.

    Raises:
      InputError: as s3dg_base, or the logits to squeeze are a map.
    """
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV1", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = s3dg_base(
            inputs,
            first_temporal_kernel_size,
            temporal_conv_startat,
            gating_startat,
            final_endpoint,
            min_depth,
            depth_multiplier,
            data_format,
            scope=sc,
            table=table,
        )
        if data_format == "NCDHW":
            net = tf.transpose(net, [0, 2, 3, 4, 1])
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
        "s3dg",
        build_s3dg,
        s3dg_arg_scope,
        image_size=224,
        preprocessing="",
        classes=400,
        paper="arXiv:1712.04851, figure 2",
        parameters=9_518_848,
        multiply_adds=64_184.8,
        arguments={"table": TABLE},
        kind=VIDEO_CLASSIFIER,
    ),
)

s3dg = named_builder(NETWORKS, "s3dg")
