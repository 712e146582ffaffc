"""NASNet-A: cells found by search on CIFAR-10, stacked for CIFAR-10 and ImageNet.

Learning Transferable Architectures for Scalable Image Recognition, Barret Zoph et al.,
arXiv:1707.07012.

    with slim.arg_scope(nasnet.nasnet_mobile_arg_scope()):
        logits, end_points = nasnet.build_nasnet_mobile(images, 1001, is_training=False)

How the authors trained: learning rate with cosine decay from 0.025 on CIFAR-10 (batch
32, gradients' global norm at most 5); RMSProp, label smoothing 0.1 and moving averages
on ImageNet (gradients' norm at most 10); the loss on 'AuxLogits' weighs 0.4.
"""

from typing import Any

import tensorflow as tf

from slimnets.nets.nasnet import network
from slimnets.nets.nasnet.cells import CURRENT, PREVIOUS, CellTable, Sum
from slimnets.nets.row import Network, named_builder
from slimnets.nets.table import EndPoints

NORMAL = CellTable(  # figure 4, left
    sums=(
        Sum((CURRENT, "separable_5x5_2"), (PREVIOUS, "separable_3x3_2")),
        Sum((PREVIOUS, "separable_5x5_2"), (PREVIOUS, "separable_3x3_2")),
        Sum((CURRENT, "avg_pool_3x3"), (PREVIOUS, "none")),
        Sum((PREVIOUS, "avg_pool_3x3"), (PREVIOUS, "avg_pool_3x3")),
        Sum((CURRENT, "separable_3x3_2"), (CURRENT, "none")),
    ),
    joined=(PREVIOUS, 2, 3, 4, 5, 6),
)
REDUCTION = CellTable(  # figure 4, right
    sums=(
        Sum((CURRENT, "separable_5x5_2"), (PREVIOUS, "separable_7x7_2")),
        Sum((CURRENT, "max_pool_3x3"), (PREVIOUS, "separable_7x7_2")),
        Sum((CURRENT, "avg_pool_3x3"), (PREVIOUS, "separable_5x5_2")),
        Sum((3, "none"), (2, "avg_pool_3x3")),
        Sum((2, "separable_3x3_2"), (CURRENT, "max_pool_3x3")),
    ),
    joined=(3, 4, 5, 6),
)


def cifar_config() -> network.Config:
    """Returns NASNet-A (6 @ 768) of table 1, for 600 epochs in batches of 32."""
    return network.Config(
        stem_multiplier=3.0,
        num_cells=18,
        num_conv_filters=32,
        drop_path_keep_prob=0.6,
        dense_dropout_keep_prob=1.0,
        skip_reduction_layer_input=False,
        total_training_steps=937_500,
    )


def mobile_imagenet_config() -> network.Config:
    """Returns NASNet-A (4 @ 1056) of table 3."""
    return network.Config(
        stem_multiplier=1.0,
        num_cells=12,
        num_conv_filters=44,
        drop_path_keep_prob=1.0,
        dense_dropout_keep_prob=0.5,
        skip_reduction_layer_input=False,
    )


def large_imagenet_config() -> network.Config:
    """Returns NASNet-A (6 @ 4032) of table 2."""
    return network.Config(
        stem_multiplier=3.0,
        num_cells=18,
        num_conv_filters=168,
        drop_path_keep_prob=0.7,
        dense_dropout_keep_prob=0.5,
        skip_reduction_layer_input=True,
    )


def nasnet_cifar_arg_scope(
    weight_decay: float = 5e-4,
    batch_norm_decay: float = 0.9,
    batch_norm_epsilon: float = 1e-5,
) -> dict[str, Any]:
    """Returns build_nasnet_cifar's defaults: see network.arg_scope."""
    return network.arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)


def nasnet_mobile_arg_scope(
    weight_decay: float = 4e-5,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 1e-3,
) -> dict[str, Any]:
    """Returns build_nasnet_mobile's defaults: see network.arg_scope."""
    return network.arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)


def nasnet_large_arg_scope(
    weight_decay: float = 5e-5,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 1e-3,
) -> dict[str, Any]:
    """Returns build_nasnet_large's defaults: see network.arg_scope."""
    return network.arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)


def build_for_cifar(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool = True,
    config: network.Config | None = None,
    current_step: int | tf.Tensor | tf.Variable | None = None,
    final_endpoint: str | None = None,
    *,
    default_config: network.Config,
) -> tuple[tf.Tensor, EndPoints]:
    """NASNet-A for CIFAR-10's images; arguments as build_nasnet_mobile."""
    return network.build(
        images,
        num_classes,
        is_training,
        final_endpoint,
        config,
        current_step,
        default_config=default_config,
        layout=_for_cifar,
    )


def _for_cifar(config: network.Config) -> network.Layout:
    """Returns the network of figure 2, left: a stem of stride 1."""
    filters = int(config.num_conv_filters * config.stem_multiplier)
    stem = network.Stem(filters, 1, "SAME", "l1_stem_3x3", "l1_stem_bn", "Stem")
    return network.Layout(stem, _list_cells(config))


def _for_imagenet(config: network.Config) -> network.Layout:
    """Returns the network of figure 2, right: a stem of stride 8."""
    stem, cells = network.imagenet_stem(config, REDUCTION)
    return network.Layout(stem, [*cells, *_list_cells(config)])


def _list_cells(config: network.Config) -> list[network.CellRow]:
    """Returns the cells after the stem: figure 2 of arXiv:1707.07012.

    Normal cells, and before each reduction layer's a reduction cell.
    """
    reductions = network.list_reductions(config)
    rows, scaling = [], 1.0
    for number in range(config.num_cells):
        previous = -2
        if number in reductions:
            k = reductions.index(number)
            scaling *= config.filter_scaling_rate
            rows.append(
                network.CellRow(
                    f"reduction_cell_{k}",
                    f"Reduction_Cell_{k}",
                    REDUCTION,
                    int(config.num_conv_filters * scaling),
                    stride=2,
                )
            )
            previous = -3 if config.skip_reduction_layer_input else -2
        rows.append(
            network.CellRow(
                f"cell_{number}",
                f"Cell_{number}",
                NORMAL,
                int(config.num_conv_filters * scaling),
                previous=previous,
                auxiliary=network.auxiliary_scope(config, number),
            )
        )
    return rows


NETWORKS = (
    Network(
        "nasnet_cifar",
        build_for_cifar,
        nasnet_cifar_arg_scope,
        image_size=32,
        preprocessing="cifarnet",
        classes=10,
        paper="arXiv:1707.07012, figure 4 and table 1",
        arguments={"default_config": cifar_config()},
        parameters=3_346_538,
        multiply_adds=544.3,
    ),
    Network(
        "nasnet_mobile",
        network.build,
        nasnet_mobile_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1707.07012, figure 4 and table 3",
        arguments={
            "default_config": mobile_imagenet_config(),
            "layout": _for_imagenet,
        },
        parameters=5_291_035,
        multiply_adds=563.6,
        top1=74.0,
        top5=91.6,
    ),
    Network(
        "nasnet_large",
        network.build,
        nasnet_large_arg_scope,
        image_size=331,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1707.07012, figure 4 and table 2",
        arguments={
            "default_config": large_imagenet_config(),
            "layout": _for_imagenet,
        },
        parameters=88_757_183,
        multiply_adds=23783.4,
        top1=82.7,
        top5=96.2,
    ),
)

build_nasnet_cifar = named_builder(NETWORKS, "nasnet_cifar")
build_nasnet_mobile = named_builder(NETWORKS, "nasnet_mobile")
build_nasnet_large = named_builder(NETWORKS, "nasnet_large")
