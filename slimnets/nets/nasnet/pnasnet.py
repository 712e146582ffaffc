"""PNASNet-5: one cell, found step by step, that also does the reductions.

Progressive Neural Architecture Search, Chenxi Liu et al., arXiv:1712.00559.

    with slim.arg_scope(pnasnet.pnasnet_large_arg_scope()):
        logits, end_points = pnasnet.build_pnasnet_large(images, 1001)
"""

from typing import Any

from slimnets.nets.nasnet import nasnet_utils, network
from slimnets.nets.nasnet.cells import CURRENT, PREVIOUS, CellTable, Sum
from slimnets.nets.row import Network, named_builder

CELL = CellTable(  # figure 1, left
    sums=(
        Sum((PREVIOUS, "separable_5x5_2"), (PREVIOUS, "max_pool_3x3")),
        Sum((CURRENT, "separable_7x7_2"), (CURRENT, "max_pool_3x3")),
        Sum((CURRENT, "separable_5x5_2"), (CURRENT, "separable_3x3_2")),
        Sum((4, "separable_3x3_2"), (CURRENT, "max_pool_3x3")),
        Sum((PREVIOUS, "separable_3x3_2"), (CURRENT, "none")),
    ),
    joined=(2, 3, 4, 5, 6),
)


class PNasNetNormalCell(nasnet_utils.TableCell):
    """PNASNet-5's cell: arXiv:1712.00559, figure 1, left."""

    table = CELL


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


def _layout(config: network.Config) -> network.Layout:
    """Returns the network of figure 1, right."""
    stem, cells = network.imagenet_stem(config, CELL)
    return network.Layout(stem, [*cells, *_list_cells(config)])


def _list_cells(config: network.Config) -> list[network.CellRow]:
    """Returns the cells after the stem; those that stride double the filters."""
    reductions = network.list_reductions(config)
    rows, scaling = [], 1.0
    for number in range(config.num_cells):
        stride, previous = 1, -2
        if number in reductions:
            scaling *= config.filter_scaling_rate
            stride = 2
            previous = -2 if config.skip_reduction_layer_input else -3
        rows.append(
            network.CellRow(
                f"cell_{number}",
                f"Cell_{number}",
                CELL,
                int(config.num_conv_filters * scaling),
                stride,
                previous,
                network.auxiliary_scope(config, number),
            )
        )
    return rows


NETWORKS = (
    Network(
        "pnasnet_mobile",
        network.build,
        pnasnet_mobile_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1712.00559, figure 1",
        arguments={"default_config": mobile_imagenet_config(), "layout": _layout},
        parameters=5_065_568,
        multiply_adds=587.3,
        top1=74.2,
        top5=91.9,
    ),
    Network(
        "pnasnet_large",
        network.build,
        pnasnet_large_arg_scope,
        image_size=331,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1712.00559, figure 1",
        arguments={"default_config": large_imagenet_config(), "layout": _layout},
        parameters=86_061_989,
        multiply_adds=24937.4,
        top1=82.9,
        top5=96.2,
    ),
)

build_pnasnet_mobile = named_builder(NETWORKS, "pnasnet_mobile")
build_pnasnet_large = named_builder(NETWORKS, "pnasnet_large")
