"""NASNet-A: cells found by search on CIFAR-10, stacked for CIFAR-10 and ImageNet.

Learning Transferable Architectures for Scalable Image Recognition, Barret Zoph et al.,
arXiv:1707.07012. Its cells are in nasnet_utils.

    with slim.arg_scope(nasnet.nasnet_mobile_arg_scope()):
        logits, end_points = nasnet.build_nasnet_mobile(images, 1001, is_training=False)

How the authors trained: learning rate with cosine decay from 0.025 on CIFAR-10 (batch
32, gradients' global norm at most 5); RMSProp, label smoothing 0.1 and moving averages
on ImageNet (gradients' norm at most 10); the loss on 'AuxLogits' weighs 0.4.
"""

from typing import Any

import tensorflow as tf

from slimnets.nets.nasnet import nasnet_utils, network
from slimnets.nets.row import Network, set_image_size

_NORMAL = nasnet_utils.NasNetANormalCell
_REDUCTION = nasnet_utils.NasNetAReductionCell


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


def build_nasnet_cifar(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool = True,
    config: network.Config | None = None,
    current_step: int | tf.Tensor | tf.Variable | None = None,
    final_endpoint: str | None = None,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """NASNet-A for CIFAR-10's images; arguments as build_nasnet_mobile."""
    config = config or cifar_config()
    filters = int(config.num_conv_filters * config.stem_multiplier)
    stem = network.Stem(filters, 1, "SAME", "l1_stem_3x3", "l1_stem_bn", "Stem")
    steps = _steps(config)
    return network.build(
        images,
        num_classes,
        config,
        stem,
        steps,
        is_training,
        final_endpoint,
        current_step,
    )


def build_nasnet_mobile(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool = True,
    final_endpoint: str | None = None,
    config: network.Config | None = None,
    current_step: int | tf.Tensor | tf.Variable | None = None,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """NASNet-A small enough for phones.

    Args:
      images: float [batch, height, width, channels].
      num_classes: number of logits; None or 0 returns the pooled features instead.
      is_training: whether dropout, drop path and batch norm train; it adds the
        auxiliary head, for which height and width must be known.
      final_endpoint: the end point to stop at; None goes on to the logits.
      config: hyperparameters; None takes mobile_imagenet_config().
      current_step: of training, for drop path. None takes the graph's global step,
        making one where there is none yet; eagerly and in a `tf.function`, where no
        graph keeps one, it stands for step 0, which drops nothing: pass it there.

    Returns:
      float logits [batch, num_classes], features [batch, depth] or final_endpoint; and
      the end points by name: 'Stem', 'Cell_<i>', 'Reduction_Cell_<i>' and, in training,
      'AuxLogits' as they are made, then 'global_pool', 'Logits', 'Predictions'.

    Raises:
      ValueError: images' rank is not 4, final_endpoint is none of the above, or the
        auxiliary head is to be built on images of unknown size.
    """
    return _for_imagenet(
        images,
        num_classes,
        is_training,
        final_endpoint,
        config or mobile_imagenet_config(),
        current_step,
    )


def build_nasnet_large(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool = True,
    final_endpoint: str | None = None,
    config: network.Config | None = None,
    current_step: int | tf.Tensor | tf.Variable | None = None,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """NASNet-A, the largest; arguments as build_nasnet_mobile."""
    return _for_imagenet(
        images,
        num_classes,
        is_training,
        final_endpoint,
        config or large_imagenet_config(),
        current_step,
    )


set_image_size(build_nasnet_cifar, 32)
set_image_size(build_nasnet_mobile, 224)
set_image_size(build_nasnet_large, 331)


def _for_imagenet(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool,
    final_endpoint: str | None,
    config: network.Config,
    current_step: Any,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    stem, stem_steps = network.imagenet_stem(config, _REDUCTION)
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
    """Returns the cells after the stem: figure 2 of arXiv:1707.07012.

    Normal cells, and before each reduction layer's a reduction cell.
    """
    reductions = nasnet_utils.calc_reduction_layers(
        config.num_cells, config.num_reduction_layers
    )
    steps, scaling = [], 1.0
    for number in range(config.num_cells):
        previous = -2
        if number in reductions:
            k = reductions.index(number)
            scaling *= config.filter_scaling_rate
            steps.append(
                network.Step(
                    f"reduction_cell_{k}", f"Reduction_Cell_{k}", _REDUCTION, scaling, 2
                )
            )
            previous = -3 if config.skip_reduction_layer_input else -2
        steps.append(
            network.Step(
                f"cell_{number}", f"Cell_{number}", _NORMAL, scaling, previous=previous
            )
        )
    return steps


NETWORKS = (
    Network(
        "nasnet_cifar",
        build_nasnet_cifar,
        nasnet_cifar_arg_scope,
        image_size=32,
        preprocessing="cifarnet",
        classes=10,
        paper="arXiv:1707.07012, figure 4 and table 1",
        parameters=3_346_538,
        multiply_adds=544.3,
    ),
    Network(
        "nasnet_mobile",
        build_nasnet_mobile,
        nasnet_mobile_arg_scope,
        image_size=224,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1707.07012, figure 4 and table 3",
        parameters=5_291_035,
        multiply_adds=563.6,
        top1=74.0,
        top5=91.6,
    ),
    Network(
        "nasnet_large",
        build_nasnet_large,
        nasnet_large_arg_scope,
        image_size=331,
        preprocessing="inception",
        classes=1001,
        paper="arXiv:1707.07012, figure 4 and table 2",
        parameters=88_757_183,
        multiply_adds=23783.4,
        top1=82.7,
        top5=96.2,
    ),
)
