"""PNASNet-5: one cell, found step by step, that also does the reductions.

Progressive Neural Architecture Search, Chenxi Liu et al., arXiv:1712.00559.

    with slim.arg_scope(pnasnet.pnasnet_large_arg_scope()):
        logits, end_points = pnasnet.build_pnasnet_large(images, 1001)
"""

from typing import Any

import tensorflow as tf

from slimnets.nets.nasnet import nasnet_utils, network
from slimnets.nets.nasnet.cells import CURRENT, PREVIOUS, Cell, CellTable, Sum
from slimnets.nets.row import Network, set_image_size


class PNasNetNormalCell(Cell):
    """PNASNet-5's cell: arXiv:1712.00559, figure 1, left."""

    table = CellTable(
        sums=(
            Sum((PREVIOUS, "separable_5x5_2"), (PREVIOUS, "max_pool_3x3")),
            Sum((CURRENT, "separable_7x7_2"), (CURRENT, "max_pool_3x3")),
            Sum((CURRENT, "separable_5x5_2"), (CURRENT, "separable_3x3_2")),
            Sum((4, "separable_3x3_2"), (CURRENT, "max_pool_3x3")),
            Sum((PREVIOUS, "separable_3x3_2"), (CURRENT, "none")),
        ),
        joined=(2, 3, 4, 5, 6),
    )


def large_imagenet_config() -> network.Config:
    """Returns PNASNet-5 (N = 4, F = 216) of the paper's table for large images."""
    return network.Config(
        stem_multiplier=3.0,
        num_cells=12,
        num_conv_filters=216,
        drop_path_keep_prob=0.6,
        dense_dropout_keep_prob=0.5,
        skip_reduction_layer_input=True,
    )


def mobile_imagenet_config() -> network.Config:
    """Returns PNASNet-5 (N = 3, F = 54) of the paper's table for phones."""
    return network.Config(
        stem_multiplier=1.0,
        num_cells=9,
        num_conv_filters=54,
        drop_path_keep_prob=1.0,
        dense_dropout_keep_prob=0.5,
        skip_reduction_layer_input=True,
    )


def pnasnet_large_arg_scope(
    weight_decay: float = 4e-5,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
) -> dict[str, Any]:
    """Returns build_pnasnet_large's defaults: see network.arg_scope."""
    return network.arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)


def pnasnet_mobile_arg_scope(
    weight_decay: float = 4e-5,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
) -> dict[str, Any]:
    """Returns build_pnasnet_mobile's defaults: see network.arg_scope."""
    return network.arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)


def build_pnasnet_large(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool = True,
    final_endpoint: str | None = None,
    config: network.Config | None = None,
    current_step: int | tf.Tensor | tf.Variable | None = None,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """PNASNet-5 for large images.

    Args:
      images: float [batch, height, width, channels].
      num_classes: number of logits; None or 0 returns the pooled features instead.
      is_training: whether dropout, drop path and batch norm train; it adds the
        auxiliary head, for which height and width must be known.
      final_endpoint: the end point to stop at; None goes on to the logits.
      config: hyperparameters; None takes large_imagenet_config().
      current_step: of training, for drop path. None takes the graph's global step,
        making one where there is none yet; eagerly and in a `tf.function`, where no
        graph keeps one, it stands for step 0, which drops nothing: pass it there.

    Returns:
      float logits [batch, num_classes], features [batch, depth] or final_endpoint; and
      the end points by name: 'Stem', 'Cell_<i>' and, in training, 'AuxLogits' as they
      are made, then 'global_pool', 'Logits', 'Predictions'.

    Raises:
      ValueError: images' rank is not 4, final_endpoint is none of the above, or the
        auxiliary head is to be built on images of unknown size.
    """
    return _build(
        images,
        num_classes,
        is_training,
        final_endpoint,
        config or large_imagenet_config(),
        current_step,
    )


def build_pnasnet_mobile(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool = True,
    final_endpoint: str | None = None,
    config: network.Config | None = None,
    current_step: int | tf.Tensor | tf.Variable | None = None,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """PNASNet-5 small enough for phones; arguments as build_pnasnet_large."""
    return _build(
        images,
        num_classes,
        is_training,
        final_endpoint,
        config or mobile_imagenet_config(),
        current_step,
    )


set_image_size(build_pnasnet_large, 331)
set_image_size(build_pnasnet_mobile, 224)


def _build(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool,
    final_endpoint: str | None,
    config: network.Config,
    current_step: Any,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    stem, stem_steps = network.imagenet_stem(config, PNasNetNormalCell)
    return network.build(
        images,
        num_classes,
        config,
        stem,
        [*stem_steps, *_steps(config)],
        is_training,
        final_endpoint,
        current_step,
    )


def _steps(config: network.Config) -> list[network.Step]:
    """Returns the cells after the stem: arXiv:1712.00559, figure 1, right."""
    reductions = nasnet_utils.calc_reduction_layers(
        config.num_cells, config.num_reduction_layers
    )
    steps, scaling = [], 1.0
    for number in range(config.num_cells):
        stride, previous = 1, -2
        if number in reductions:
            scaling *= config.filter_scaling_rate
            stride = 2
            previous = -2 if config.skip_reduction_layer_input else -3
        steps.append(
            network.Step(
                f"cell_{number}",
                f"Cell_{number}",
                PNasNetNormalCell,
                scaling,
                stride,
                previous,
            )
        )
    return steps


NETWORKS = (
    Network(
        "pnasnet_mobile",
        build_pnasnet_mobile,
        pnasnet_mobile_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1712.00559, figure 1",
        parameters=5_065_568,
        multiply_adds=587.3,
        top1=74.2,
        top5=91.9,
    ),
    Network(
        "pnasnet_large",
        build_pnasnet_large,
        pnasnet_large_arg_scope,
        image_size=331,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1712.00559, figure 1",
        parameters=86_061_989,
        multiply_adds=24937.4,
        top1=82.9,
        top5=96.2,
    ),
)
